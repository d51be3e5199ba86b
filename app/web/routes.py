"""All pages under one blueprint, so that none can forget the checks made before each."""

from flask import Blueprint

from app.web import (
    account,
    acts,
    admin,
    agent,
    bulk,
    calendars,
    callbacks,
    case,
    co_unit,  # noqa: F401 # it has no page of its own: it helps with forms
    csrf,
    designer,
    dispatcher,
    disputes,
    duty,
    extensions,  # noqa: F401 # they have no page of their own: they help with a form
    files,
    handler,  # noqa: F401
    knowledge,
    letters,
    lists,
    promises,
    rating,
    reorganising,
    returns,
    shell,
    supervision,
    suspended,
    viewing,
)
from app.web.access import admit, recognise
from app.web.design.routes import add_to as add_workshop
from app.web.design.watch import add_to as add_watching

web = Blueprint("web", __name__, template_folder="templates")
web.before_app_request(recognise)
web.before_request(files.allow)
web.before_request(account.keep_unsent)
web.before_request(admit)
web.before_request(csrf.check)

web.add_url_rule("/assets/<path:name>", "static_file", shell.static_file)
web.add_url_rule("/", "home", account.home)
web.add_url_rule("/sign-in", "sign_in", account.sign_in, methods=["GET", "POST"])
web.add_url_rule("/sign-out", "sign_out", account.sign_out, methods=["POST"])
web.add_url_rule("/language", "set_language", account.set_language, methods=["POST"])
web.add_url_rule("/still-here", "still_here", account.still_here)
web.add_url_rule("/password", "password", account.password, methods=["GET", "POST"])
web.add_url_rule("/worklist", "worklist", lists.worklist)
web.add_url_rule("/worklist/sign-for", "sign_for_many", lists.sign_for_many, methods=["POST"])
web.add_url_rule("/demands", "my_demands", lists.my_demands)
web.add_url_rule("/demands/new", "register", agent.register, methods=["GET", "POST"])
web.add_url_rule("/demands/similar", "similar", agent.similar, methods=["POST"])
web.add_url_rule("/orders", "orders", lists.orders)
web.add_url_rule("/promises", "promises", promises.promises)
web.add_url_rule("/returns", "returns", returns.returns)
web.add_url_rule("/suspended", "suspended", suspended.suspended)
web.add_url_rule("/extensions", "bulk_extensions", bulk.bulk_extensions)
web.add_url_rule("/extensions", "ask_bulk_extension", bulk.ask_bulk_extension, methods=["POST"])
web.add_url_rule("/extensions/<id:bulk_id>", "bulk_extension", bulk.bulk_extension)
web.add_url_rule(
    "/extensions/<id:bulk_id>",
    "decide_bulk_extension",
    bulk.decide_bulk_extension,
    methods=["POST"],
)
web.add_url_rule(
    "/extensions/<id:bulk_id>/progress", "bulk_extension_progress", bulk.bulk_extension_progress
)
web.add_url_rule("/knowledge", "knowledge", knowledge.items)
web.add_url_rule("/knowledge/new", "new_knowledge", knowledge.new_item, methods=["GET", "POST"])
web.add_url_rule("/knowledge/gaps", "knowledge_gaps", knowledge.gaps)
web.add_url_rule(
    "/knowledge/gaps/<id:gap_id>", "dismiss_gap", knowledge.dismiss_gap, methods=["POST"]
)
web.add_url_rule("/knowledge/<id:item_id>", "knowledge_item", knowledge.item)
web.add_url_rule(
    "/knowledge/<id:item_id>/edit", "edit_knowledge", knowledge.edit_item, methods=["GET", "POST"]
)
web.add_url_rule(
    "/knowledge/<id:item_id>/publish",
    "publish_knowledge",
    knowledge.publish_item,
    methods=["POST"],
)
web.add_url_rule(
    "/knowledge/<id:item_id>/withdraw",
    "withdraw_knowledge",
    knowledge.withdraw_item,
    methods=["POST"],
)
web.add_url_rule("/supervisions", "supervisions", supervision.supervisions)
web.add_url_rule("/supervisions/<id:procedure_id>", "supervision", supervision.supervision)
web.add_url_rule("/supervisions/letters", "supervision_letters", letters.supervision_letters)
web.add_url_rule(
    "/supervisions/letters/<id:letter_id>", "supervision_letter", letters.supervision_letter
)
web.add_url_rule(
    "/supervisions/letters/copies/<id:copy_id>",
    "receive_copy",
    letters.receive_copy,
    methods=["POST"],
)
web.add_url_rule("/supervisions/quota", "supervision_quota", supervision.supervision_quota)
web.add_url_rule(
    "/supervisions/report", "superior_report", supervision.superior_report, methods=["GET", "POST"]
)
web.add_url_rule("/cases/<id:demand_id>", "case", case.case)
web.add_url_rule("/cases/<id:demand_id>/diagram.bpmn", "diagram_file", case.diagram_file)
web.add_url_rule("/cases/<id:demand_id>/unmask", "unmask", case.unmask, methods=["POST"])
web.add_url_rule("/cases/<id:demand_id>/acts/<key>", "act", acts.act, methods=["GET", "POST"])
web.add_url_rule(
    "/cases/<id:demand_id>/acts/<key>/look", "look_at_act", acts.look_at_act, methods=["POST"]
)
web.add_url_rule("/urgent", "urgent", duty.urgent_and_110)
web.add_url_rule("/urgent/<id:procedure_id>/slip", "slip", duty.slip)
web.add_url_rule("/matters", "matters", duty.matters)
web.add_url_rule("/matters/<id:demand_id>", "matter", duty.matter)
web.add_url_rule("/cases/<id:demand_id>/free-hand", "free_hand", duty.hand, methods=["GET", "POST"])
web.add_url_rule(
    "/cases/<id:demand_id>/return-110", "return_to_110", duty.return_to_110, methods=["POST"]
)
web.add_url_rule("/cases/<id:demand_id>/files", "attach", files.attach, methods=["POST"])
web.add_url_rule("/files/<id:attachment_id>", "download", files.download, methods=["GET", "POST"])
web.add_url_rule("/disputes", "disputes", disputes.disputes)
web.add_url_rule("/disputes/<id:dispute_id>", "dispute", disputes.dispute)
web.add_url_rule(
    "/disputes/changes/<id:change_id>", "review_change", disputes.review_change, methods=["POST"]
)
web.add_url_rule("/tasks/<id:task_id>", "do_step", case.do_step, methods=["GET", "POST"])
web.add_url_rule("/tasks/<id:task_id>/look", "look_at_step", case.look_at_step, methods=["POST"])
web.add_url_rule("/tasks/<id:task_id>/foreseen", "foreseen", dispatcher.foreseen)
web.add_url_rule("/repair/<int:process_id>", "try_again", admin.try_again, methods=["POST"])
web.add_url_rule("/processes", "processes", designer.processes)
web.add_url_rule("/processes/<key>", "process", designer.process)
web.add_url_rule("/processes/<key>/diagram.bpmn", "process_file", designer.process_file)
web.add_url_rule("/processes/<key>/diagram.svg", "process_picture", designer.process_picture)
web.add_url_rule("/callbacks", "callbacks", callbacks.callbacks)
web.add_url_rule("/rate/<code>", "rate", rating.rate, methods=["GET", "POST"])
web.add_url_rule("/views", "views", viewing.views)
web.add_url_rule("/users", "users", admin.users)
web.add_url_rule("/units/reorganise", "reorganise", reorganising.units, methods=["GET", "POST"])
web.add_url_rule("/repair", "repair", admin.repair)
web.add_url_rule("/calendars", "calendars", calendars.calendars)
web.add_url_rule("/calendars", "open_calendar", calendars.open_calendar, methods=["POST"])
web.add_url_rule("/calendars/<code>", "calendar", calendars.calendar)
web.add_url_rule("/calendars/<code>/days", "set_day", calendars.set_day, methods=["POST"])
web.add_url_rule(
    "/calendars/<code>/days/remove", "remove_day", calendars.remove_day, methods=["POST"]
)
web.add_url_rule("/calendars/<code>/units", "count_by", calendars.count_by, methods=["POST"])
web.add_url_rule("/calendar/notice", "notice", calendars.notice, methods=["GET", "POST"])
web.add_url_rule("/calendar/recount", "recount", calendars.recount)
web.add_url_rule("/calendar/recount", "ask_recount", calendars.ask_recount, methods=["POST"])
web.add_url_rule("/calendar/recount/progress", "recount_progress", calendars.recount_progress)
add_workshop(web)
add_watching(web)
