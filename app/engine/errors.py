"""Why the engine refuses or fails."""

from app.core.errors import Conflict, DomainError, Invalid, NotFound
from app.core.phrase import Phrase


class ProcessFault(DomainError):
    """The diagram cannot go on from here: it is a defect of the diagram or of its data."""


class UncaughtError(ProcessFault):
    """An error was thrown and no boundary event around it catches it."""

    def __init__(self, element_id: str, code: str) -> None:
        super().__init__(
            Phrase(
                f"流程在“{element_id}”抛出错误“{code}”，但没有边界事件捕获它：请在外层活动上加错误边界"
                "事件。",
                f'The process threw the error "{code}" at "{element_id}" and nothing catches it: '
                "attach an error boundary event to an activity around it.",
            )
        )
        self.element_id = element_id
        self.code = code


class BusinessError(Exception):
    """Raised by a service: an error with a code, which the diagram may catch at a boundary."""

    def __init__(self, code: str, data: dict[str, object] | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.data = data or {}


def fault(element_id: str, zh: str, en: str) -> ProcessFault:
    """A fault at an element."""
    return ProcessFault(Phrase(f"流程元素“{element_id}”：{zh}", f'Element "{element_id}": {en}'))


class NotOpen(Conflict):
    """The task or wait is no longer there: somebody or something was first."""


def not_open(what: str) -> NotOpen:
    """The refusal for a task or wait that is no longer there."""
    return NotOpen(
        Phrase(
            f"“{what}”已不在等待处理：请刷新后查看最新进展。",
            f'"{what}" is no longer waiting: reload and look at the present state.',
        )
    )


def not_waiting(message: str) -> Conflict:
    """Nobody waits for the message."""
    return Conflict(
        Phrase(
            f"流程现在不等待“{message}”：请刷新后查看最新进展。",
            f'The process is not waiting for "{message}" now: reload and look at its state.',
        )
    )


def ambiguous(message: str, count: int) -> Conflict:
    """More than one waits for the message."""
    return Conflict(
        Phrase(
            f"有 {count} 处同时等待“{message}”，无法确定送达哪一处：请指明元素。",
            f'{count} places wait for "{message}": name the element that is meant.',
        )
    )


def not_a_start(message: str) -> NotFound:
    """No start event of the process waits for the message or signal."""
    return NotFound(
        Phrase(
            f"没有开始事件等待消息或信号“{message}”：请核对名称，或画一个这样的开始事件。",
            f'No start event waits for the message or signal "{message}": check its name, or draw '
            "such a start event.",
        )
    )


def unknown_element(element_id: str) -> NotFound:
    """The diagram has no such element."""
    return NotFound(
        Phrase(
            f"流程图中没有元素“{element_id}”：请核对流程版本。",
            f'The diagram has no element "{element_id}": check the version of the process.',
        )
    )


def unreadable_state(why: str) -> Invalid:
    """A stored state that this release cannot load."""
    return Invalid(
        Phrase(
            f"流程状态无法读取（{why}）：请用保存它的版本打开，或联系运维。",
            f"The stored state of the process cannot be read ({why}): use the release that saved "
            "it, or call the operators.",
        )
    )
