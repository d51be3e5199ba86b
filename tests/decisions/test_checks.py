"""What the checker says about a table: each kind of finding, where it is, and how it is shown."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from random import Random
from time import process_time

import pytest

from app.decisions.checks.checker import check, require_publishable
from app.decisions.checks.findings import Finding, FindingKind, Severity
from app.decisions.dmn import read_model
from app.decisions.errors import DecisionError
from tests.decisions.tables import table


def found(rows: Sequence[Sequence[str]], **options: object) -> list[Finding]:
    """All findings except what is said about inputs that are left out."""
    findings = check(read_model(table(rows, **options)))  # type: ignore[arg-type]
    return [f for f in findings if f.kind is not FindingKind.NOT_GIVEN]


def only(rows: Sequence[Sequence[str]], **options: object) -> Finding:
    (finding,) = found(rows, **options)
    return finding


def test_a_table_that_covers_everything_once_is_clean() -> None:
    assert found([["< 3", '"a"'], ["[3..5]", '"b"'], ["> 5", '"c"']]) == []


def test_a_gap_between_two_limits_is_shown_in_words_and_by_a_number() -> None:
    gap = only([["<= 3", '"a"'], ["> 5", '"b"']])
    assert (gap.kind, gap.severity) == (FindingKind.GAP, Severity.ERROR)
    assert gap.example == {"x": Decimal(5)}
    assert "x：大于 3且不大于 5" in gap.phrase.zh
    assert "x: above 3 and up to 5" in gap.phrase.en


def test_the_row_that_a_gap_lacks_leaves_open_what_does_not_matter() -> None:
    gap = only(
        [['"phone"', "< 3", '"a"'], ['not("phone")', "< 3", '"a"']],
        inputs=["channel:string", "days:number"],
    )
    assert gap.missing == {"channel": "-", "days": ">= 3"}
    gap = only(
        [['"phone"', "-", '"a"'], ['"web"', "[1..3]", '"a"'], ['"web"', "< 1", '"a"']],
        inputs=["channel:string", "days:number"],
        allowed=['"phone","web"', ""],
    )
    assert gap.missing == {"channel": '"web"', "days": "> 3"}


def test_an_overlap_names_both_rows_and_a_number_that_both_take() -> None:
    overlap = only([["<= 3", '"a"'], [">= 3", '"b"']])
    assert (overlap.kind, overlap.rows) == (FindingKind.OVERLAP, (1, 2))
    assert overlap.example == {"x": Decimal(3)}


def test_days_are_counted_one_by_one_so_that_neighbouring_days_leave_no_gap() -> None:
    rows = [['< date("2026-03-02")', '"a"'], ['> date("2026-03-01")', '"b"']]
    assert found(rows, inputs=["x:date"]) == []
    rows[1][0] = '> date("2026-03-02")'
    assert only(rows, inputs=["x:date"]).example == {"x": date(2026, 3, 2)}


def test_whole_numbers_leave_no_gap_between_two_of_them_when_the_column_says_so() -> None:
    rows = [["0", '"a"'], ["1", '"b"'], [">= 2", '"c"']]
    assert any(f.kind is FindingKind.GAP for f in found(rows))
    assert found(rows, allowed=["? >= 0 and ? = floor(?)"]) == []


def test_an_open_text_needs_a_row_for_all_other_texts() -> None:
    rows = [['"noise"', '"a"'], ['"water"', '"b"']]
    gap = only(rows, inputs=["x:string"])
    assert "任何其他文字" in gap.phrase.zh
    assert found([*rows, ['not("noise","water")', '"c"']], inputs=["x:string"]) == []
    assert found(rows, inputs=["x:string"], allowed=['"noise","water"']) == []


def test_a_default_answers_what_no_row_does() -> None:
    assert found([["> 5", '"b"']], defaults=['"other"']) == []


def test_an_input_that_is_left_out_is_a_gap_only_where_the_table_speaks_of_it() -> None:
    silent = check(read_model(table([["true", '"a"'], ["false", '"b"']], inputs=["x:boolean"])))
    assert [(f.kind, f.severity) for f in silent] == [(FindingKind.NOT_GIVEN, Severity.REMARK)]
    rows = [["null", "true", '"a"'], ["-", "false", '"b"'], ["not(null)", "true", '"c"']]
    inputs = ["x:string", "y:boolean"]
    assert found(rows, inputs=inputs) == []
    missing = only(rows[1:], inputs=inputs)
    assert missing.example == {"x": None, "y": True}
    assert "未填写" in missing.phrase.zh


def test_a_value_that_is_not_allowed_is_named_with_row_and_column() -> None:
    finding = only([['"a","bb"', '"1"'], ['"b"', '"2"']], inputs=["x:string"], allowed=['"a","b"'])
    assert finding.kind is FindingKind.OUTSIDE_ALLOWED
    assert (finding.rows, finding.column) == ((1,), 1)
    assert finding.place.zh == "第 1 行第 1 列"


def test_a_condition_that_contradicts_itself_never_matches() -> None:
    finding = only([["> 5", '"a"'], ["<= 5", '"b"'], ["[5..3]", '"c"']])
    assert (finding.kind, finding.rows) == (FindingKind.NEVER_MATCHES, (3,))


def test_a_row_behind_rows_that_answer_all_its_cases_is_dead_under_first() -> None:
    finding = only(
        [["< 3", '"a"'], [">= 3", '"b"'], ["[1..9]", '"c"'], ["-", '"d"']], policy="FIRST"
    )
    assert (finding.kind, finding.rows) == (FindingKind.MASKED, (3,))
    assert finding.severity is Severity.WARNING


def test_a_cell_of_another_type_is_an_error_and_not_a_thousand_gaps() -> None:
    finding = only([['"three"', '"a"'], ["-", '"b"']])
    assert (finding.kind, finding.rows, finding.column) == (FindingKind.TYPE, (1,), 1)


def test_a_day_that_does_not_exist_is_an_error() -> None:
    finding = found([['date("2026-02-30")', '"a"']], inputs=["x:date"], defaults=['"b"'])[0]
    assert (finding.kind, finding.rows) == (FindingKind.FAULT, (1,))


def test_what_cannot_be_read_is_said_with_its_cell_before_anything_else() -> None:
    broken, unknown = found([["> ", '"a"'], ["< unknown_name", '"b"']])
    assert (broken.kind, broken.rows) == (FindingKind.FAULT, (1,))
    assert (unknown.rows, unknown.column) == ((2,), 1)
    assert "unknown_name" in unknown.phrase.zh


def test_a_condition_that_is_an_expression_is_remarked_on_and_never_guessed() -> None:
    rows = [['contains(?, "噪")', '"a"'], ["-", '"b"']]
    remark = only(rows, inputs=["x:string"])
    assert (remark.kind, remark.severity) == (FindingKind.UNDECIDED, Severity.REMARK)
    assert remark.rows == (1,)
    alone = only(rows[:1], inputs=["x:string"])
    assert alone.kind is FindingKind.UNDECIDED


def test_columns_computed_from_the_same_data_give_warnings_and_the_reason() -> None:
    xml = table(
        [["true", "true", '"a"'], ["false", "false", '"b"']],
        inputs=["x:boolean", "y:boolean"],
        outputs=["z:string"],
    )
    xml = xml.replace(b"<text>x</text>", b"<text>x &gt; 3</text>").replace(
        b"<text>y</text>", b"<text>x &gt;= 3</text>"
    )
    xml = xml.replace(b'name="x" typeRef="boolean"', b'name="x" typeRef="number"')
    findings = check(read_model(xml))
    gaps = [f for f in findings if f.kind is FindingKind.GAP]
    assert gaps
    assert all(gap.severity is Severity.WARNING for gap in gaps)
    assert any(f.kind is FindingKind.UNDECIDED and "“x”" in f.phrase.zh for f in findings)


def test_two_columns_of_one_input_are_read_as_both_conditions_on_it() -> None:
    rows = [["> 3", "< 5", '"a"'], ["<= 3", "-", '"b"'], ["-", ">= 5", '"c"']]
    xml = table(rows, inputs=["x:number", "y:number"], outputs=["z:string"])
    xml = xml.replace(b"<text>y</text>", b"<text>x</text>")
    findings = [f for f in check(read_model(xml)) if f.kind is not FindingKind.NOT_GIVEN]
    assert findings == []


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"policy": "PRIORITY"}, "PRIORITY"),
        ({"policy": "OUTPUT ORDER"}, "OUTPUT ORDER"),
        ({"policy": "UNIQUE", "aggregation": "SUM", "outputs": ["y:number"]}, "COLLECT"),
        ({"policy": "COLLECT", "aggregation": "SUM"}, "string"),
    ],
)
def test_a_hit_policy_that_cannot_work_with_the_outputs_is_an_error(
    options: dict[str, object], word: str
) -> None:
    number = options.get("outputs") == ["y:number"]
    finding = found([["-", "1" if number else '"a"']], **options)[0]
    assert (finding.kind, finding.severity) == (FindingKind.HIT_POLICY, Severity.ERROR)
    assert word in finding.phrase.en


def test_a_row_that_repeats_another_counts_twice_under_collect() -> None:
    rows = [["> 1", "1"], ["> 2", "1"], ["> 1", "1"]]
    finding = only(rows, policy="COLLECT", aggregation="COUNT", outputs=["y:number"])
    assert (finding.kind, finding.rows) == (FindingKind.REPEATED, (1, 3))


def test_outputs_outside_their_type_or_values_are_errors_computed_ones_included() -> None:
    listed = found([["-", '"c"']], values=['"a","b"'])
    assert "“y”" in listed[0].phrase.zh
    default = only([["-", '"a"']], values=['"a","b"'], defaults=['"c"'])
    assert default.kind is FindingKind.OUTPUT
    computed = found([["-", "x + 1"]], outputs=["y:string"])
    assert [f.kind for f in computed] == [FindingKind.UNDECIDED, FindingKind.OUTPUT]
    assert computed[1].rows == (1,)


def test_defaults_for_some_outputs_only_are_warned_about() -> None:
    finding = only([["> 1", '"a"', '"b"']], outputs=["y:string", "z:string"], defaults=['"c"'])
    assert (finding.kind, finding.severity) == (FindingKind.DEFAULT, Severity.WARNING)


def test_a_table_without_rows_is_an_error() -> None:
    assert only([]).kind is FindingKind.FAULT


def test_values_that_the_type_of_the_input_allows_bound_the_gaps() -> None:
    xml = table([['"a"', '"1"'], ['"b"', '"2"']], inputs=["x:letter"]).replace(
        b"</definitions>",
        b'<itemDefinition name="letter"><typeRef>string</typeRef><allowedValues>'
        b'<text>"a","b"</text></allowedValues></itemDefinition></definitions>',
    )
    findings = check(read_model(xml))
    assert [f.kind for f in findings] == [FindingKind.NOT_GIVEN]


def test_a_model_with_errors_is_refused_with_the_first_of_them_in_both_languages() -> None:
    with pytest.raises(DecisionError) as refusal:
        require_publishable(read_model(table([["< 3", '"a"'], ["[2..5]", '"b"']])))
    assert "2 处错误" in refusal.value.phrase.zh
    assert "2 errors" in refusal.value.phrase.en
    require_publishable(
        read_model(table([["true", '"a"'], ["false", '"b"']], inputs=["x:boolean"]))
    )


def test_a_finding_has_a_form_for_machines() -> None:
    gap = only([['< date("2026-03-02")', '"a"']], inputs=["x:date"])
    assert gap.to_json() == {
        "kind": "gap",
        "severity": "error",
        "decision": "t",
        "rows": [],
        "column": None,
        "example": {"x": "2026-03-02"},
        "zh": gap.phrase.zh,
        "en": gap.phrase.en,
    }


def test_a_catalogue_of_two_thousand_rows_is_checked_in_seconds() -> None:
    categories = [f'"c{n}"' for n in range(220)]
    areas = [f'"d{n}"' for n in range(9)]
    rows = [[c, d, "-", "-", '"u"'] for c in categories for d in areas]
    rows[7:8] = [
        [*rows[7][:2], '"web"', "-", '"u"'],
        [*rows[7][:2], 'not("web")', "< 100", '"u"'],
        [*rows[7][:2], 'not("web")', ">= 100", '"u"'],
    ]
    rows.append([f"not({','.join(categories)})", "-", "-", "-", '"x"'])
    del rows[500]
    rows.append([*rows[900][:4], '"y"'])
    inputs = ["category:string", "area:string", "channel:string", "amount:number"]
    model = read_model(table(rows, inputs=inputs, allowed=["", ",".join(areas)]))
    begun = process_time()
    findings = [f for f in check(model) if f.kind in {FindingKind.GAP, FindingKind.OVERLAP}]
    assert process_time() - begun < 20
    assert [(f.kind, f.rows) for f in findings] == [
        (FindingKind.GAP, ()),
        (FindingKind.OVERLAP, (901, len(rows))),
    ]


def test_a_table_with_too_many_combinations_is_not_said_to_be_complete() -> None:
    draw = Random(7)
    starts = [[draw.randrange(1000) for _ in range(3)] for _ in range(700)]
    rows = [[*(f"[{n}..{n + 200}]" for n in start), '"a"'] for start in starts]
    findings = check(
        read_model(table(rows, inputs=["x:number", "y:number", "z:number"], policy="FIRST"))
    )
    assert any("可能还有没有列出的空缺" in f.phrase.zh for f in findings)
    assert any(f.kind is FindingKind.GAP for f in findings)
