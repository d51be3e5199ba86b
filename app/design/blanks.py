"""What a new document begins as: the smallest text that can be opened and edited."""

from app.design.models import Kind

_DIAGRAM = """<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" \
xmlns:bpmndi="http://www.omg.org/spec/BPMN/20100524/DI" \
xmlns:dc="http://www.omg.org/spec/DD/20100524/DC" \
xmlns:di="http://www.omg.org/spec/DD/20100524/DI" \
xmlns:jieban="https://jieban.dev/bpmn/1.0" id="KEY_definitions" \
targetNamespace="https://jieban.dev/diagrams">
  <bpmn:process id="KEY" name="KEY" isExecutable="true">
    <bpmn:startEvent id="KEY_begins" name="开始">
      <bpmn:extensionElements><jieban:name en="Begin" /></bpmn:extensionElements>
      <bpmn:outgoing>KEY_begins_to_KEY_over</bpmn:outgoing>
    </bpmn:startEvent>
    <bpmn:endEvent id="KEY_over" name="结束">
      <bpmn:extensionElements><jieban:name en="End" /></bpmn:extensionElements>
      <bpmn:incoming>KEY_begins_to_KEY_over</bpmn:incoming>
    </bpmn:endEvent>
    <bpmn:sequenceFlow id="KEY_begins_to_KEY_over" sourceRef="KEY_begins" targetRef="KEY_over" />
  </bpmn:process>
  <bpmndi:BPMNDiagram id="KEY_diagram">
    <bpmndi:BPMNPlane id="KEY_plane" bpmnElement="KEY">
      <bpmndi:BPMNShape id="KEY_begins_shape" bpmnElement="KEY_begins">
        <dc:Bounds x="160" y="162" width="36" height="36" />
      </bpmndi:BPMNShape>
      <bpmndi:BPMNShape id="KEY_over_shape" bpmnElement="KEY_over">
        <dc:Bounds x="420" y="162" width="36" height="36" />
      </bpmndi:BPMNShape>
      <bpmndi:BPMNEdge id="KEY_begins_to_KEY_over_edge" bpmnElement="KEY_begins_to_KEY_over">
        <di:waypoint x="196" y="180" />
        <di:waypoint x="420" y="180" />
      </bpmndi:BPMNEdge>
    </bpmndi:BPMNPlane>
  </bpmndi:BPMNDiagram>
</bpmn:definitions>
"""

_TABLE = """<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" \
xmlns:dmndi="https://www.omg.org/spec/DMN/20191111/DMNDI/" \
xmlns:dc="http://www.omg.org/spec/DMN/20180521/DC/" id="KEY_definitions" name="KEY" \
namespace="urn:jieban:rules:KEY" \
expressionLanguage="https://www.omg.org/spec/DMN/20191111/FEEL/">
  <decision id="KEY" name="KEY">
    <variable id="KEY_variable" name="KEY" />
    <informationRequirement id="KEY_needs_1">
      <requiredInput href="#given_data" />
    </informationRequirement>
    <decisionTable id="KEY_table" hitPolicy="UNIQUE">
      <input id="KEY_input_1" label="条件">
        <inputExpression id="KEY_input_1_expression" typeRef="string">
          <text>given</text>
        </inputExpression>
      </input>
      <output id="KEY_output_1" label="结论" name="answer" typeRef="string" />
      <rule id="KEY_row_1">
        <inputEntry id="KEY_row_1_input_1"><text>-</text></inputEntry>
        <outputEntry id="KEY_row_1_output_1"><text>""</text></outputEntry>
      </rule>
    </decisionTable>
  </decision>
  <inputData id="given_data" name="given">
    <variable id="given_variable" name="given" typeRef="string" />
  </inputData>
  <dmndi:DMNDI>
    <dmndi:DMNDiagram id="KEY_drawing">
      <dmndi:DMNShape id="KEY_shape" dmnElementRef="KEY">
        <dc:Bounds height="80" width="180" x="160" y="100" />
      </dmndi:DMNShape>
    </dmndi:DMNDiagram>
  </dmndi:DMNDI>
</definitions>
"""

_OTHERS = {
    Kind.SCENARIOS: "scenarios: []\n",
    Kind.EXAMPLES: "examples: []\n",
}


def blank(kind: Kind, key: str) -> str:
    """The first text of a new document; empty for the kinds that nobody makes anew."""
    match kind:
        case Kind.DIAGRAM:
            return _DIAGRAM.replace("KEY", key)
        case Kind.TABLE:
            return _TABLE.replace("KEY", key)
        case _:
            return _OTHERS.get(kind, "")
