"""Codes of the office in the reader's words."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.cases.models.city import Category, District
from app.cases.models.demand import DemandStatus
from app.cases.models.work_order import OrderStatus
from app.identity.models import HandlingUnit
from app.web.forms import Choices
from app.web.language import _, language


def order_status(code: str) -> str:
    """Where an order stands."""
    return {
        OrderStatus.PENDING_DISPATCH: _("待派单"),
        OrderStatus.DISPATCHED: _("待签收"),
        OrderStatus.SIGNED: _("待联系"),
        OrderStatus.HANDLING: _("办理中"),
        OrderStatus.IN_APPROVAL: _("单位审核中"),
        OrderStatus.FEEDBACK: _("待热线审核"),
        OrderStatus.PENDING_CALLBACK: _("待回访"),
        OrderStatus.RE_HANDLING: _("重办中"),
        OrderStatus.PENDING_CLOSURE: _("待办结"),
        OrderStatus.CLOSED: _("已办结"),
    }[OrderStatus(code)]


def demand_status(code: str) -> str:
    """Where a demand stands."""
    return {
        DemandStatus.REGISTERING: _("登记中"),
        DemandStatus.ACCEPTED: _("已受理"),
        DemandStatus.ANSWERED_ONLINE: _("在线答复"),
        DemandStatus.ORDERED: _("已转工单"),
        DemandStatus.NOT_ACCEPTED: _("不予受理"),
        DemandStatus.CLOSED: _("已办结"),
    }[DemandStatus(code)]


def urgency(code: str) -> str:
    """The urgency where it is more than normal, else nothing."""
    return {"urgent": _("紧急"), "critical": _("特急")}.get(code, "")


class City:
    """Names of the city's categories, districts and units, read once for a page."""

    def __init__(self, session: Session) -> None:
        zh = language() == "zh"
        self._categories = list(session.scalars(select(Category).order_by(Category.position)))
        self._category_names = {
            row.code: row.name_zh if zh else row.name_en for row in self._categories
        }
        self._district_names = {
            row.code: row.name_zh if zh else row.name_en
            for row in session.scalars(select(District).order_by(District.position))
        }
        self._units = list(
            session.scalars(
                select(HandlingUnit).where(HandlingUnit.active).order_by(HandlingUnit.id)
            )
        )

    def category(self, code: str) -> str:
        """A category with the one above it: 城市管理 / 噪音扰民."""
        parent = next((row.parent_code for row in self._categories if row.code == code), None)
        name = self._category_names.get(code, code)
        return f"{self._category_names[parent]} / {name}" if parent else name

    def category_alone(self, code: str) -> str:
        """A category by its own name, for narrow columns."""
        return self._category_names.get(code, code)

    def district(self, code: str) -> str:
        """The name of a district."""
        return self._district_names.get(code, code)

    def categories(self) -> Choices:
        """Categories under the ones above them; one without children stands under itself."""
        parents = [row for row in self._categories if row.parent_code is None]
        groups = []
        for parent in parents:
            below = [row for row in self._categories if row.parent_code == parent.code]
            options = [(row.code, self._category_names[row.code]) for row in below or [parent]]
            groups.append((self._category_names[parent.code], options))
        return Choices(groups=groups)

    def districts(self) -> Choices:
        """All districts."""
        return Choices(options=list(self._district_names.items()))

    def units(self) -> Choices:
        """The units an order can be given to, city-wide ones first, then by district."""
        by_district: dict[str, list[tuple[str, str]]] = {}
        for unit in self._units:
            if unit.kind != "centre":
                place = self.district(unit.district) if unit.district else _("市级")
                by_district.setdefault(place, []).append((str(unit.id), unit.name_in(language())))
        city_wide = _("市级")
        places = sorted(by_district, key=lambda place: place != city_wide)
        return Choices(groups=[(place, by_district[place]) for place in places])
