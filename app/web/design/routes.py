"""The addresses of the workshop."""

from flask import Blueprint

from app.web.design import change, drafting, workshop


def add_to(web: Blueprint) -> None:
    """Put the workshop's pages under `/design`."""
    get, post, put = ["GET"], ["POST"], ["PUT"]
    for rule, endpoint, view, methods in (
        ("", "workshop", workshop.workshop, get),
        ("/changes", "open_design_change", workshop.open_change, post),
        ("/changes/<id:change_id>", "design_change", change.design_change, get),
        ("/changes/<id:change_id>/documents", "add_document", change.add_document, post),
        ("/drafts/<id:draft_id>", "design_draft", drafting.draft_page, get),
        ("/drafts/<id:draft_id>", "save_design_draft", drafting.save_page, post),
        ("/drafts/<id:draft_id>/content", "draft_content", drafting.draft_content, get),
        ("/drafts/<id:draft_id>/content", "save_draft", drafting.save_draft, put),
        ("/drafts/<id:draft_id>/check", "check_draft", drafting.check_draft, post),
        ("/drafts/<id:draft_id>/names", "draft_names", drafting.draft_names, get),
        ("/drafts/<id:draft_id>/discard", "discard_draft", change.discard_draft, post),
        ("/drafts/<id:draft_id>/catch-up", "catch_up_draft", change.catch_up, post),
    ):
        web.add_url_rule(f"/design{rule}", endpoint, view, methods=methods)
