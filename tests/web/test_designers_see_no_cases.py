"""Who designs processes reads no case: not by an address, not through figures, not in a dry run."""

from tests.web.conftest import DEMAND, Desks
from tests.web.test_every_page import addresses

PERSONAL = ("requester_name", "requester_phone", "address", "content")


def test_no_page_shows_a_designer_whom_a_case_is_about_or_what_it_says(worked: Desks) -> None:
    designer = worked.of("designer")
    designer.post("/design/moves/of/work_order", {"version": "1"})
    designer.post("/design/replays", {"months": "3"})
    shown = 0
    for path in addresses(worked):
        with designer.get(path) as answer:
            shown += answer.status_code == 200
            for name in PERSONAL:
                assert str(DEMAND[name]) not in answer.text, f"{name} on {path}"
    assert shown > 20


def test_a_case_its_files_and_its_lines_are_closed_to_a_designer(worked: Desks) -> None:
    designer, duty = worked.of("designer"), worked.of("duty")
    for path in (
        "/cases/1",
        "/cases/1?tab=story",
        "/cases/1/diagram.bpmn",
        "/cases",
        "/search?q=1",
    ):
        if duty.get(path).status_code == 200:
            assert designer.get(path).status_code in {403, 404}, path
    assert duty.get("/cases/1").status_code == 200
