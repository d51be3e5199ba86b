"""A step that a designer draws into the shipped main process, between signing and handling."""

FLOW = "signed_to_start_handling_clock"


def with_step(text: str, form: str, role: str = "unit_handler") -> str:
    """The diagram `work_order` with the user task `site_visit` (现场核实) in it."""
    before = f'<bpmn:sequenceFlow id="{FLOW}" sourceRef="signed" targetRef="start_handling_clock"'
    assert before in text
    step = (
        '<bpmn:userTask id="site_visit" name="现场核实"><bpmn:extensionElements>'
        f'<jieban:name en="Site visit"/><jieban:role name="{role}"/>{form}'
        f"</bpmn:extensionElements><bpmn:incoming>{FLOW}</bpmn:incoming>"
        "<bpmn:outgoing>visit_over</bpmn:outgoing></bpmn:userTask>"
        '<bpmn:sequenceFlow id="visit_over" sourceRef="site_visit" '
        'targetRef="start_handling_clock"/>'
    )
    text = text.replace(
        f"<bpmn:incoming>{FLOW}</bpmn:incoming>", "<bpmn:incoming>visit_over</bpmn:incoming>"
    )
    return text.replace(
        before, step + before.replace('targetRef="start_handling_clock"', 'targetRef="site_visit"')
    )
