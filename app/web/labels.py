"""Codes of the office in the reader's words."""

from functools import cached_property

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.cases.models.city import Category, District
from app.cases.models.demand import DemandStatus
from app.cases.models.work_order import DispatchMode, OrderStatus
from app.identity.directory import units
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
        OrderStatus.PENDING_JUDGEMENT: _("待判定"),
        OrderStatus.RE_HANDLING: _("重办中"),
        OrderStatus.SUSPENDED: _("已挂账"),
        OrderStatus.RETURN_ASKED: _("退单待审"),
        OrderStatus.IN_COORDINATION: _("协调中"),
        OrderStatus.PENDING_CLOSURE: _("待办结"),
        OrderStatus.CLOSED: _("已办结"),
        OrderStatus.ARCHIVED: _("已归档"),
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
        DemandStatus.ARCHIVED: _("已归档"),
        DemandStatus.MERGED: _("已并单"),
    }[DemandStatus(code)]


def dispatch_mode(code: str) -> str:
    """Who answers an order."""
    return {
        DispatchMode.ASSIGN: _("交办"),
        DispatchMode.SELF: _("自办"),
        DispatchMode.REFER: _("转送"),
    }[DispatchMode(code)]


def urgency(code: str) -> str:
    """The urgency where it is more than normal, else nothing."""
    return {"urgent": _("紧急"), "critical": _("特急")}.get(code, "")


class City:
    """Names of the city's categories, districts and units; each table is read at most once."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def category(self, code: str) -> str:
        """A category below those above it: 城乡建设与管理 / 市政设施 / 路灯."""
        return " / ".join(self._path(code))

    def category_alone(self, code: str) -> str:
        """A category by its own name, for narrow columns."""
        row = self._categories.get(code)
        return _name(row) if row is not None else code

    def district(self, code: str) -> str:
        """The name of a district."""
        return self._district_names.get(code, code)

    def categories(self) -> Choices:
        """The tree under its roots: below a root each category with the ones in between."""
        groups: dict[str, list[tuple[str, str]]] = {}
        for code in self._categories:
            root, *below = self._path(code)
            group = groups.setdefault(root, [])
            if below:
                group.append((code, " / ".join(below)))
        return Choices(groups=[(root, below) for root, below in groups.items() if below])

    def districts(self) -> Choices:
        """All districts."""
        return Choices(options=list(self._district_names.items()))

    def units(self) -> Choices:
        """The units an order can be given to, by kind."""
        kinds = {
            "city_department": _("市级部门"),
            "district_government": _("区县（开发区）"),
            "subdistrict": _("街道乡镇"),
            "public_utility": _("公用事业单位"),
            "public_institution": _("事业单位"),
            "vertical_unit": _("垂直管理单位"),
            "mass_organisation": _("群团组织"),
            "platform": _("平台企业"),
        }
        groups: dict[str, list[tuple[str, str]]] = {name: [] for name in kinds.values()}
        for unit in units(self._session):
            if unit.kind != "centre":
                kind = kinds.get(unit.kind, _("其他单位"))
                groups.setdefault(kind, []).append((str(unit.id), unit.name_in(language())))
        return Choices(groups=[(kind, listed) for kind, listed in groups.items() if listed])

    def _path(self, code: str) -> list[str]:
        """Names from the root down to `code`; a code nobody knows stands for itself."""
        row = self._categories.get(code)
        if row is None:
            return [code] if code else []
        above = self._path(row.parent_code) if row.parent_code else []
        return [*above, _name(row)]

    @cached_property
    def _categories(self) -> dict[str, Category]:
        rows = self._session.scalars(select(Category).order_by(Category.position))
        return {row.code: row for row in rows}

    @cached_property
    def _district_names(self) -> dict[str, str]:
        rows = self._session.scalars(select(District).order_by(District.position))
        return {row.code: _name(row) for row in rows}


def _name(row: Category | District) -> str:
    return row.name_zh if language() == "zh" else row.name_en
