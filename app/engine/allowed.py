"""The BPMN 2.0 elements and attributes that are executed as the standard says, or carry no
execution meaning; and, for those that are refused, what to draw instead.

Whatever stands neither in the one table nor in the other is unknown and refused as well.
"""

from app.core.phrase import Phrase

_FLOW = "id name"
_FLOW_CHILDREN = "auditing monitoring categoryValueRef"
_NODE_CHILDREN = f"{_FLOW_CHILDREN} incoming outgoing"
_ACTIVITY = f"{_FLOW} default isForCompensation startQuantity completionQuantity"
_ACTIVITY_CHILDREN = (
    f"{_NODE_CHILDREN} property dataInputAssociation dataOutputAssociation resourceRole performer "
    "humanPerformer potentialOwner standardLoopCharacteristics multiInstanceLoopCharacteristics"
)
_SCOPE = (
    "laneSet startEvent endEvent intermediateCatchEvent intermediateThrowEvent boundaryEvent task "
    "userTask manualTask serviceTask businessRuleTask sendTask receiveTask subProcess "
    "callActivity exclusiveGateway parallelGateway inclusiveGateway eventBasedGateway "
    "sequenceFlow dataObject dataObjectReference dataStoreReference textAnnotation association "
    "group"
)
_FORMAL = "language evaluatesToTypeRef"

_TABLE = f"""
definitions: name targetNamespace expressionLanguage typeLanguage exporter exporterVersion | \
import extension itemDefinition message signal error escalation category dataStore resource \
collaboration process
process: {_FLOW} processType isClosed isExecutable definitionalCollaborationRef | \
auditing monitoring {_SCOPE} property \
resourceRole performer humanPerformer potentialOwner
subProcess: {_ACTIVITY} triggeredByEvent | {_ACTIVITY_CHILDREN} {_SCOPE}
task: {_ACTIVITY} | {_ACTIVITY_CHILDREN}
userTask: {_ACTIVITY} implementation | {_ACTIVITY_CHILDREN}
manualTask: {_ACTIVITY} | {_ACTIVITY_CHILDREN}
serviceTask: {_ACTIVITY} implementation | {_ACTIVITY_CHILDREN}
businessRuleTask: {_ACTIVITY} implementation | {_ACTIVITY_CHILDREN}
sendTask: {_ACTIVITY} implementation messageRef | {_ACTIVITY_CHILDREN}
receiveTask: {_ACTIVITY} implementation messageRef instantiate | {_ACTIVITY_CHILDREN}
callActivity: {_ACTIVITY} calledElement | {_ACTIVITY_CHILDREN}
exclusiveGateway: {_FLOW} gatewayDirection default | {_NODE_CHILDREN}
inclusiveGateway: {_FLOW} gatewayDirection default | {_NODE_CHILDREN}
parallelGateway: {_FLOW} gatewayDirection | {_NODE_CHILDREN}
eventBasedGateway: {_FLOW} gatewayDirection instantiate eventGatewayType | {_NODE_CHILDREN}
startEvent: {_FLOW} parallelMultiple isInterrupting | {_NODE_CHILDREN} property \
dataOutputAssociation messageEventDefinition signalEventDefinition
endEvent: {_FLOW} | {_NODE_CHILDREN} property dataInputAssociation messageEventDefinition \
signalEventDefinition errorEventDefinition escalationEventDefinition terminateEventDefinition
intermediateCatchEvent: {_FLOW} parallelMultiple | {_NODE_CHILDREN} property \
dataOutputAssociation messageEventDefinition signalEventDefinition timerEventDefinition
intermediateThrowEvent: {_FLOW} | {_NODE_CHILDREN} property dataInputAssociation \
messageEventDefinition signalEventDefinition escalationEventDefinition
boundaryEvent: {_FLOW} parallelMultiple cancelActivity attachedToRef | {_NODE_CHILDREN} property \
dataOutputAssociation messageEventDefinition signalEventDefinition errorEventDefinition \
escalationEventDefinition timerEventDefinition
messageEventDefinition: messageRef |
signalEventDefinition: signalRef |
errorEventDefinition: errorRef |
escalationEventDefinition: escalationRef |
terminateEventDefinition: |
timerEventDefinition: | timeDate timeDuration timeCycle
timeDate: {_FORMAL} |
timeDuration: {_FORMAL} |
timeCycle: {_FORMAL} |
standardLoopCharacteristics: testBefore loopMaximum | loopCondition
loopCondition: {_FORMAL} |
multiInstanceLoopCharacteristics: isSequential behavior | loopCardinality loopDataInputRef \
loopDataOutputRef inputDataItem outputDataItem completionCondition
loopCardinality: {_FORMAL} |
completionCondition: {_FORMAL} |
loopDataInputRef: |
loopDataOutputRef: |
inputDataItem: name itemSubjectRef isCollection | dataState
outputDataItem: name itemSubjectRef isCollection | dataState
sequenceFlow: {_FLOW} sourceRef targetRef isImmediate | {_FLOW_CHILDREN} conditionExpression
conditionExpression: {_FORMAL} |
incoming: |
outgoing: |
laneSet: name | lane
childLaneSet: name | lane
lane: name partitionElementRef | flowNodeRef childLaneSet
flowNodeRef: |
collaboration: name isClosed | participant messageFlow textAnnotation association group
participant: name processRef | participantMultiplicity
participantMultiplicity: minimum maximum |
messageFlow: name sourceRef targetRef messageRef |
message: name itemRef |
signal: name structureRef |
error: name errorCode structureRef |
escalation: name escalationCode structureRef |
itemDefinition: structureRef isCollection itemKind |
category: name | categoryValue
categoryValue: value |
categoryValueRef: |
import: importType location namespace |
extension: definition mustUnderstand |
documentation: textFormat |
extensionElements: |
auditing: |
monitoring: |
textAnnotation: textFormat | text
text: |
association: sourceRef targetRef associationDirection |
group: categoryValueRef |
dataObject: name itemSubjectRef isCollection | dataState
dataObjectReference: name itemSubjectRef dataObjectRef | dataState
dataStore: name capacity isUnlimited itemSubjectRef | dataState
dataStoreReference: name itemSubjectRef dataStoreRef | dataState
dataState: name |
property: name itemSubjectRef | dataState
dataInputAssociation: | sourceRef targetRef
dataOutputAssociation: | sourceRef targetRef
sourceRef: |
targetRef: |
resourceRole: name | resourceRef resourceParameterBinding resourceAssignmentExpression
performer: name | resourceRef resourceParameterBinding resourceAssignmentExpression
humanPerformer: name | resourceRef resourceParameterBinding resourceAssignmentExpression
potentialOwner: name | resourceRef resourceParameterBinding resourceAssignmentExpression
resource: name | resourceParameter
resourceParameter: name type isRequired |
resourceRef: |
resourceParameterBinding: parameterRef | expression formalExpression
resourceAssignmentExpression: | expression formalExpression
expression: {_FORMAL} |
formalExpression: {_FORMAL} |
"""


def _read(table: str) -> tuple[dict[str, frozenset[str]], dict[str, frozenset[str]]]:
    attributes: dict[str, frozenset[str]] = {}
    children: dict[str, frozenset[str]] = {}
    for row in table.strip().splitlines():
        name, _, rest = row.partition(":")
        own, _, inner = rest.partition("|")
        attributes[name] = frozenset(own.split()) | {"id"}
        children[name] = frozenset(inner.split()) | {"documentation", "extensionElements"}
    return attributes, children


ATTRIBUTES, CHILDREN = _read(_TABLE)
"""Allowed attributes and allowed child elements, by BPMN element."""

REFUSED: dict[str, Phrase] = {
    "scriptTask": Phrase(
        "流程图里不放代码，脚本任务不执行：请改用服务任务（jieban:service）或网关条件。",
        "Diagrams hold no code, so script tasks do not run: use a service task (jieban:service) or "
        "a condition at a gateway.",
    ),
    "complexGateway": Phrase(
        "不支持复杂网关：请用包容网关、并行网关，或带完成条件的多实例活动。",
        "Complex gateways are not supported: use an inclusive or parallel gateway, or a "
        "multi-instance activity with a completion condition.",
    ),
    "adHocSubProcess": Phrase(
        "不支持临时（ad-hoc）子流程：请用普通子流程加循环和排他网关画出可选的步骤。",
        "Ad-hoc sub-processes are not supported: draw the optional steps in an ordinary "
        "sub-process with a loop and an exclusive gateway.",
    ),
    "transaction": Phrase(
        "不支持事务子流程：请用普通子流程，用错误边界事件处理失败。",
        "Transactions are not supported: use an ordinary sub-process and handle failure with an "
        "error boundary event.",
    ),
    "linkEventDefinition": Phrase(
        "不支持链接事件：请直接画一条顺序流。",
        "Link events are not supported: draw a sequence flow instead.",
    ),
    "compensateEventDefinition": Phrase(
        "不支持补偿事件：请把撤销的步骤画成普通的任务和路径。",
        "Compensation is not supported: draw the steps that undo as ordinary tasks on a path.",
    ),
    "cancelEventDefinition": Phrase(
        "不支持取消事件（只用于事务）：请用错误事件。",
        "Cancel events belong to transactions and are not supported: use an error event.",
    ),
    "conditionalEventDefinition": Phrase(
        "不支持条件事件：请用消息或信号事件，或定时检查后经排他网关判断。",
        "Conditional events are not supported: use a message or signal event, or a timer followed "
        "by an exclusive gateway.",
    ),
    "eventDefinitionRef": Phrase(
        "不支持引用公共的事件定义：请把事件定义直接写在事件里。",
        "References to shared event definitions are not supported: put the definition into the "
        "event.",
    ),
    "ioSpecification": Phrase(
        "不支持输入输出规范（ioSpecification）：流程数据各步骤都可见，服务的参数写在 "
        "jieban:parameter 里。",
        "ioSpecification is not supported: process data is visible in every step, and parameters "
        "of a service are given as jieban:parameter.",
    ),
    "transformation": Phrase(
        "不支持数据关联里的转换：请在服务参数里写表达式。",
        "Transformations in data associations are not supported: write the expression into a "
        "service parameter.",
    ),
    "assignment": Phrase(
        "不支持数据关联里的赋值：请在服务参数里写表达式。",
        "Assignments in data associations are not supported: write the expression into a service "
        "parameter.",
    ),
    "complexBehaviorDefinition": Phrase(
        "不支持多实例的复杂行为：请用完成条件。",
        "Complex behaviour of multi-instance activities is not supported: use a completion "
        "condition.",
    ),
    "correlationKey": Phrase(
        "不支持消息关联键：消息按名称和所属案件送达唯一的接收者。",
        "Correlation keys are not supported: a message reaches its one receiver by name and case.",
    ),
    "correlationProperty": Phrase(
        "不支持消息关联属性：消息按名称和所属案件送达唯一的接收者。",
        "Correlation properties are not supported: a message reaches its one receiver by name and "
        "case.",
    ),
    "correlationSubscription": Phrase(
        "不支持消息关联订阅：消息按名称和所属案件送达唯一的接收者。",
        "Correlation subscriptions are not supported: a message reaches its one receiver by name "
        "and case.",
    ),
    "interface": Phrase(
        "不支持 Web 服务接口定义：请用 jieban:service 写明已登记的服务。",
        "Web service interfaces are not supported: name a registered service with jieban:service.",
    ),
    "rendering": Phrase(
        "不支持 rendering：请用 jieban:form 定义表单。",
        "Renderings are not supported: describe the form with jieban:form.",
    ),
    "choreography": Phrase(
        "编排图（choreography）不能执行：请画成流程（process）。",
        "Choreographies cannot be executed: draw a process.",
    ),
    "globalUserTask": Phrase(
        "不支持全局任务：请把它画成流程，用调用活动调用。",
        "Global tasks are not supported: draw a process and call it.",
    ),
}
for _global in ("globalTask", "globalManualTask", "globalScriptTask", "globalBusinessRuleTask"):
    REFUSED[_global] = REFUSED["globalUserTask"]
for _talk in ("conversation", "callConversation", "subConversation", "conversationLink"):
    REFUSED[_talk] = Phrase(
        "会话图元素不能执行：请删除，或画成消息事件。",
        "Conversations cannot be executed: remove them, or draw message events.",
    )

REFUSED_VALUES: dict[tuple[str, str], tuple[frozenset[str], Phrase]] = {
    ("*", "isForCompensation"): (
        frozenset({"false", "0"}),
        REFUSED["compensateEventDefinition"],
    ),
    ("*", "startQuantity"): (
        frozenset({"1"}),
        Phrase(
            "startQuantity 只能是 1：需要等几条路径时请用并行网关汇合。",
            "startQuantity must be 1: to wait for several paths, join them in a parallel gateway.",
        ),
    ),
    ("*", "completionQuantity"): (
        frozenset({"1"}),
        Phrase(
            "completionQuantity 只能是 1：需要几条路径时请用并行网关分开。",
            "completionQuantity must be 1: to go on along several paths, split in a parallel "
            "gateway.",
        ),
    ),
    ("*", "isImmediate"): (
        frozenset({"true", "1"}),
        Phrase(
            "isImmediate=false 的顺序流不能执行：请删除这个属性。",
            "A sequence flow with isImmediate=false cannot be executed: remove the attribute.",
        ),
    ),
    ("*", "parallelMultiple"): (
        frozenset({"false", "0"}),
        Phrase(
            "不支持并行多重事件：请在并行网关之后画几个接收事件。",
            "Parallel multiple events are not supported: draw several catching events behind a "
            "parallel gateway.",
        ),
    ),
    ("*", "instantiate"): (
        frozenset({"false", "0"}),
        Phrase(
            "不支持由任务或网关启动流程：请画一个开始事件。",
            "Tasks and gateways that start a process are not supported: draw a start event.",
        ),
    ),
    ("eventBasedGateway", "eventGatewayType"): (
        frozenset({"Exclusive"}),
        Phrase(
            "不支持并行的事件网关：请用并行网关和几个接收事件。",
            "Parallel event-based gateways are not supported: use a parallel gateway and several "
            "catching events.",
        ),
    ),
    ("subProcess", "triggeredByEvent"): (
        frozenset({"false", "0"}),
        Phrase(
            "不支持事件子流程：请把受影响的步骤放进子流程，在其边界上画事件。",
            "Event sub-processes are not supported: put the steps concerned into a sub-process and "
            "attach the event to its boundary.",
        ),
    ),
    ("multiInstanceLoopCharacteristics", "behavior"): (
        frozenset({"All"}),
        Phrase(
            "多实例的 behavior 只能是 All：请在活动之后画抛出事件。",
            "behavior of a multi-instance activity must be All: draw a throwing event behind it.",
        ),
    ),
    ("extension", "mustUnderstand"): (
        frozenset({"false", "0"}),
        Phrase(
            "文件声明了必须理解的扩展，本系统不理解它：请导出为不带该扩展的 BPMN。",
            "The file declares an extension that must be understood, and it is not: export plain "
            "BPMN without it.",
        ),
    ),
    ("*", "implementation"): (
        frozenset(
            {"##unspecified", "##WebService", "##HumanTaskWebService", "##humanTaskWebService"}
        ),
        Phrase(
            "implementation 指定了别的技术，不能执行：请删除它，用 jieban:service 写明已登记的"
            "服务。",
            "implementation names a technology that is not run here: remove it and name a "
            "registered service with jieban:service.",
        ),
    ),
}
"""By (element or *, attribute): the values that change nothing, and why any other is refused."""

FLAGS = frozenset(
    {"isExecutable", "isClosed", "isSequential", "testBefore", "cancelActivity", "isInterrupting",
     "triggeredByEvent", "isForCompensation", "instantiate", "parallelMultiple", "isImmediate",
     "isCollection", "isUnlimited", "isRequired", "mustUnderstand"}
)  # fmt: skip
"""Attributes that are true, false, 1 or 0 and nothing else."""

ONE_OF: tuple[frozenset[str], ...] = (
    frozenset({"standardLoopCharacteristics", "multiInstanceLoopCharacteristics"}),
    frozenset({"timeDate", "timeDuration", "timeCycle"}),
    *(
        frozenset({name})
        for name in (
            "extensionElements", "conditionExpression", "loopCondition", "loopCardinality",
            "completionCondition", "loopDataInputRef", "loopDataOutputRef", "inputDataItem",
            "outputDataItem",
        )
    ),
)  # fmt: skip
"""Of the children of an element, those of which it has at most one."""

BY_PEOPLE = frozenset({"userTask", "manualTask", "task"})
MESSAGE_CATCHERS = frozenset(
    {"startEvent", "intermediateCatchEvent", "boundaryEvent", "receiveTask"}
)
"""What may wait for a message; with a form, a person in the role may send it."""

OUR_CHILDREN: dict[str, frozenset[str]] = {
    "service": frozenset({"serviceTask", "sendTask"}),
    "decision": frozenset({"businessRuleTask"}),
    "form": BY_PEOPLE | MESSAGE_CATCHERS,
    "role": BY_PEOPLE | MESSAGE_CATCHERS | {"lane"},
    "each": frozenset({"multiInstanceLoopCharacteristics"}),
}
"""Our extension elements and the BPMN elements they may stand in (`name` may stand anywhere)."""

OUR_ATTRIBUTES: dict[str, frozenset[str]] = {
    "name": frozenset({"en"}),
    "service": frozenset({"name"}),
    "parameter": frozenset({"name", "value"}),
    "result": frozenset({"name", "into"}),
    "decision": frozenset({"key", "binding", "result"}),
    "role": frozenset({"name", "unit"}),
    "each": frozenset({"of", "as", "collect", "into"}),
}
"""Our extension elements and their attributes (forms check their own)."""

MISPLACED: dict[tuple[str, str], Phrase] = {
    ("startEvent", "timerEventDefinition"): Phrase(
        "流程不会自己按时间启动：请用普通开始事件，之后接一个定时中间事件，或由任务计划启动。",
        "A process does not start itself by the clock: begin with a plain start event followed by "
        "a timer event, or let a job start it.",
    ),
    ("intermediateThrowEvent", "timerEventDefinition"): Phrase(
        "抛出事件不能是定时事件：请改用捕获的定时中间事件。",
        "A throwing event cannot be a timer: use a catching timer event.",
    ),
    ("intermediateCatchEvent", "errorEventDefinition"): Phrase(
        "错误只能在活动边界上捕获：请把错误事件画在活动边界上。",
        "Errors are caught on the boundary of an activity only: attach the event to the activity.",
    ),
    ("intermediateCatchEvent", "escalationEventDefinition"): Phrase(
        "升级只能在活动边界上捕获：请把升级事件画在活动边界上。",
        "Escalations are caught on the boundary of an activity only: attach the event to it.",
    ),
    ("intermediateThrowEvent", "errorEventDefinition"): Phrase(
        "错误只能由结束事件抛出：请改用错误结束事件。",
        "Errors are thrown by end events only: use an error end event.",
    ),
}
"""By (where it stands, what it is): why a known element may not stand there."""

FOREIGN: dict[str, tuple[str, frozenset[str]]] = {
    "http://camunda.org/schema/1.0/bpmn": (
        "Camunda 7",
        frozenset(
            {"inputOutput", "in", "out", "executionListener", "taskListener", "collection",
             "elementVariable", "errorEventDefinition",
             "variableMappingClass", "variableMappingDelegateExpression", "conditionalExpression",
             "resource", "caseRef"}
        ),
    ),
    "http://camunda.org/schema/zeebe/1.0": (
        "Camunda 8 (Zeebe)",
        frozenset(
            {"ioMapping", "loopCharacteristics", "calledElement",
             "executionListeners", "taskListeners", "script", "conditionalFilter", "adHoc"}
        ),
    ),
    "http://flowable.org/bpmn": (
        "Flowable",
        frozenset(
            {"in", "out", "executionListener", "taskListener", "collection", "elementVariable",
             "skipExpression", "eventListener", "terminateAll", "terminateMultiInstance", "endDate",
             "EndDate", "businessCalendarName", "variableAggregation", "mapException",
             "triggerable"}
        ),
    ),
    "http://activiti.org/bpmn": (
        "Activiti",
        frozenset(
            {"in", "out", "executionListener", "taskListener", "collection", "elementVariable",
             "skipExpression", "eventListener", "terminateAll", "terminateMultiInstance", "endDate",
             "EndDate", "businessCalendarName", "variableAggregation", "mapException",
             "triggerable"}
        ),
    ),
    "http://spiffworkflow.org/bpmn/schema/1.0/core": (
        "SpiffWorkflow",
        frozenset(
            {"preScript", "postScript", "payloadExpression", "variableName", "messagePayload",
             "messageVariable", "processVariableCorrelation", "scriptsOnInstances"}
        ),
    ),
    "http://www.jboss.org/drools": (
        "jBPM",
        frozenset({"onEntry-script", "onExit-script", "import", "global"}),
    ),
}  # fmt: skip
"""Other engines' namespaces: whose it is, and which of its names change what a process does."""
