"""The addresses of the workshop."""

from flask import Blueprint

from app.web.design import (
    change,
    comparing,
    document,
    drafting,
    moves,
    recordings,
    trials,
    workshop,
)


def add_to(web: Blueprint) -> None:
    """Put the workshop's pages under `/design`."""
    get, post, put = ["GET"], ["POST"], ["PUT"]
    for rule, endpoint, view, methods in (
        ("", "workshop", workshop.workshop, get),
        ("/changes", "open_design_change", workshop.open_change, post),
        ("/changes/<id:change_id>", "design_change", change.design_change, get),
        ("/changes/<id:change_id>/documents", "add_document", change.add_document, post),
        ("/changes/<id:change_id>/propose", "propose_change", change.propose_change, post),
        ("/changes/<id:change_id>/proposal", "proposal_progress", change.proposal_progress, get),
        ("/changes/<id:change_id>/file", "bring_in", change.bring_in, post),
        ("/changes/<id:change_id>/approve", "approve_change", change.approve_change, post),
        ("/changes/<id:change_id>/reject", "reject_change", change.reject_change, post),
        ("/changes/<id:change_id>/recall", "recall_change", change.recall_change, post),
        ("/changes/<id:change_id>/withdraw", "withdraw_change", change.withdraw_change, post),
        ("/drafts/<id:draft_id>", "design_draft", drafting.draft_page, get),
        ("/drafts/<id:draft_id>", "save_design_draft", drafting.save_page, post),
        ("/drafts/<id:draft_id>/content", "draft_content", drafting.draft_content, get),
        ("/drafts/<id:draft_id>/content", "save_draft", drafting.save_draft, put),
        ("/drafts/<id:draft_id>/check", "check_draft", drafting.check_draft, post),
        ("/drafts/<id:draft_id>/names", "draft_names", drafting.draft_names, get),
        ("/drafts/<id:draft_id>/discard", "discard_draft", change.discard_draft, post),
        ("/drafts/<id:draft_id>/catch-up", "catch_up_draft", change.catch_up, post),
        ("/drafts/<id:draft_id>/diagram.bpmn", "draft_drawing", comparing.draft_drawing, get),
        ("/offers/<id:offer_id>/diagram.bpmn", "offer_drawing", comparing.offer_drawing, get),
        ("/offers/<id:offer_id>/take", "take_offer", document.take_offer, post),
        ("/offers/<id:offer_id>/decline", "decline_offer", document.decline_offer, post),
        ("/changes/<id:change_id>/trial", "trial_of_change", trials.trial_of_change, get),
        ("/trials/<key>", "trials", trials.trials, get),
        ("/trials/<key>/<id:number>", "replay", trials.replay, get),
        ("/recordings", "begin_recording", recordings.begin_recording, post),
        ("/recordings/<id:recording_id>", "recording", recordings.show_recording, get),
        ("/recordings/<id:recording_id>/step", "record_step", recordings.record_step, post),
        ("/recordings/<id:recording_id>/time", "record_time", recordings.record_time, post),
        ("/recordings/<id:recording_id>/way", "record_way", recordings.record_way, post),
        ("/recordings/<id:recording_id>/undo", "undo_step", recordings.undo_step, post),
        ("/recordings/<id:recording_id>/save", "save_recording", recordings.save_recording, post),
        ("/moves/of/<key>", "moves_of_diagram", moves.moves_of_diagram, get),
        ("/moves/of/<key>", "ask_move", moves.ask_move, post),
        ("/moves/<id:move_id>", "case_move", moves.case_move, get),
        ("/moves/<id:move_id>/progress", "move_progress", moves.move_progress, get),
        ("/moves/<id:move_id>/agree", "agree_to_move", moves.agree_to_move, post),
        ("/moves/<id:move_id>/refuse", "refuse_move", moves.refuse_move, post),
        ("/moves/<id:move_id>/withdraw", "withdraw_move", moves.withdraw_move, post),
        ("/moves/<id:move_id>/interrupt", "interrupt_move", moves.interrupt_move, post),
        ("/moves/<id:move_id>/continue", "continue_move", moves.continue_move, post),
        ("/moves/<id:move_id>/undo", "undo_move", moves.undo_move, post),
        (
            "/moves/<id:move_id>/lines/<id:line_id>/undo",
            "undo_move_of_case",
            moves.undo_move_of_case,
            post,
        ),
        ("/compare", "design_compare", comparing.compare, get),
        ("/<kind>/<key>", "design_document", document.document, get),
        ("/<kind>/<key>/<id:number>", "design_version", document.version, get),
        ("/<kind>/<key>/<id:number>/file", "export_version", document.export, get),
        ("/<kind>/<key>/<id:number>/restore", "restore_version", document.restore, post),
        (
            "/diagram/<key>/<id:number>/diagram.bpmn",
            "version_drawing",
            comparing.version_drawing,
            get,
        ),
    ):
        web.add_url_rule(f"/design{rule}", endpoint, view, methods=methods)
