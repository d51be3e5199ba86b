"""A step that a designer draws into the shipped main process, between signing and handling."""

FLOW = "signed_to_start_handling_clock"


REMINDER = (
    '<bpmn:boundaryEvent id="visit_late" name="核实将到期" cancelActivity="false" '
    'attachedToRef="site_visit"><bpmn:extensionElements><jieban:name en="Due soon"/>'
    "</bpmn:extensionElements><bpmn:outgoing>late_flow</bpmn:outgoing><bpmn:timerEventDefinition>"
    "<bpmn:timeDate>working_days(1)</bpmn:timeDate></bpmn:timerEventDefinition>"
    '</bpmn:boundaryEvent><bpmn:sequenceFlow id="late_flow" sourceRef="visit_late" '
    'targetRef="remind_visit"/><bpmn:sendTask id="remind_visit" name="提醒核实">'
    '<bpmn:extensionElements><jieban:name en="Remind"/><jieban:service name="notify_unit">'
    '<jieban:parameter name="message" value=\'"yellow"\'/></jieban:service>'
    "</bpmn:extensionElements><bpmn:incoming>late_flow</bpmn:incoming></bpmn:sendTask>"
)
"""A working day after the step was opened, its unit is told."""


def with_step(
    text: str, form: str, role: str = "unit_handler", unit: str = "", more: str = ""
) -> str:
    """The diagram `work_order` with the user task `site_visit` (现场核实) and `more` beside it."""
    of_unit = f' unit="{unit}"' if unit else ""
    before = f'<bpmn:sequenceFlow id="{FLOW}" sourceRef="signed" targetRef="start_handling_clock"'
    assert before in text
    step = (
        '<bpmn:userTask id="site_visit" name="现场核实"><bpmn:extensionElements>'
        f'<jieban:name en="Site visit"/><jieban:role name="{role}"{of_unit}/>{form}'
        f"</bpmn:extensionElements><bpmn:incoming>{FLOW}</bpmn:incoming>"
        "<bpmn:outgoing>visit_over</bpmn:outgoing></bpmn:userTask>"
        '<bpmn:sequenceFlow id="visit_over" sourceRef="site_visit" '
        f'targetRef="start_handling_clock"/>{more}'
    )
    text = text.replace(
        f"<bpmn:incoming>{FLOW}</bpmn:incoming>", "<bpmn:incoming>visit_over</bpmn:incoming>"
    )
    return text.replace(
        before, step + before.replace('targetRef="start_handling_clock"', 'targetRef="site_visit"')
    )
