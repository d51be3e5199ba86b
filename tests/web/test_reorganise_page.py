"""Units are reorganised on a page of the administrator's: preview first, then carried out."""

from app.core import clock
from app.jobs.reorganising import work
from app.office import Office
from tests.web.conftest import Desks


def test_a_reorganisation_is_previewed_carried_out_and_shown_as_done(
    desks: Desks, office: Office
) -> None:
    case = desks.handled()
    given = {
        "unit": desks.unit("urban_management"),
        "heir": desks.unit("water_group"),
        "kind": "merged",
        "basis": "云编办〔2026〕8号",
        "shares": "",
    }
    preview = desks.of("admin").post("/units/reorganise", given)
    assert preview.status_code == 200
    assert "在办工单 1 件" in preview.text
    assert "确认调整" in preview.text
    answer = desks.of("admin").post("/units/reorganise", {**given, "carry_out": "yes"})
    assert answer.status_code == 302
    while work(office.sessions, clock.now):
        pass
    assert "已完成" in desks.of("admin").page("/units/reorganise").text_content()
    assert desks.of("stranger").get(case).status_code == 200


def test_what_is_wrong_is_named_and_only_the_administrator_may(desks: Desks) -> None:
    answer = desks.of("admin").post("/units/reorganise", {"kind": "merged"})
    assert answer.status_code == 422
    for login in ("duty", "dispatcher", "handler"):
        assert desks.of(login).get("/units/reorganise").status_code == 403
