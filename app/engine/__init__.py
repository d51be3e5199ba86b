"""The engine's door: diagrams are published, processes move, deadlines pass.

Verbs take the unit of work first, work in the caller's transaction and never commit. The kernel
in memory is `app.engine.kernel`; what the host must provide is `Host`.
"""

from app.engine.checker import check
from app.engine.content_checks import Surroundings
from app.engine.diagram import read_diagram
from app.engine.errors import BusinessError, ProcessFault, UncaughtError
from app.engine.firing import Firing, due_firings, fire, let_due_pass
from app.engine.models import (
    ClockRevisionRow,
    ClockRow,
    ClockRungRow,
    DiagramVersionRow,
    HumanTaskRow,
    MessageWaitRow,
    ProcessMoveRow,
    ProcessRow,
    RepairItemRow,
    TimerWaitRow,
)
from app.engine.moving import Obstacle, Prospect, Verdict, can_move, move, restore
from app.engine.ports import Call, Compiled, Description, Outcome, Ports, WorkingTime
from app.engine.processes import (
    bundle_of_process,
    decision_version,
    describe,
    form_of,
    hold,
    only_task,
    rebuild,
    stuck_processes,
    take_task,
)
from app.engine.timers import (
    clock_of,
    continue_clock,
    move_clock,
    pause_clock,
    resume_clock,
    start_clock,
    stop_clock,
)
from app.engine.verbs import (
    cancel,
    complete,
    create,
    jump,
    resume,
    send,
    send_to_subject,
    signal,
    start,
)
from app.engine.versions import bundle_of, latest, publish, version_id_of
from app.engine.wiring import Host, Process, wire

__all__ = [
    "BusinessError",
    "Call",
    "ClockRevisionRow",
    "ClockRow",
    "ClockRungRow",
    "Compiled",
    "Description",
    "DiagramVersionRow",
    "Firing",
    "Host",
    "HumanTaskRow",
    "MessageWaitRow",
    "Obstacle",
    "Outcome",
    "Ports",
    "Process",
    "ProcessFault",
    "ProcessMoveRow",
    "ProcessRow",
    "Prospect",
    "RepairItemRow",
    "Surroundings",
    "TimerWaitRow",
    "UncaughtError",
    "Verdict",
    "WorkingTime",
    "bundle_of",
    "bundle_of_process",
    "can_move",
    "cancel",
    "check",
    "clock_of",
    "complete",
    "continue_clock",
    "create",
    "decision_version",
    "describe",
    "due_firings",
    "fire",
    "form_of",
    "hold",
    "jump",
    "latest",
    "let_due_pass",
    "move",
    "move_clock",
    "only_task",
    "pause_clock",
    "publish",
    "read_diagram",
    "rebuild",
    "restore",
    "resume",
    "resume_clock",
    "send",
    "send_to_subject",
    "signal",
    "start",
    "start_clock",
    "stop_clock",
    "stuck_processes",
    "take_task",
    "version_id_of",
    "wire",
]
