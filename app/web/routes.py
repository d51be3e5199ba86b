"""All pages under one blueprint, so that none can forget the checks made before each."""

from flask import Blueprint

from app.web import account, csrf, shell
from app.web.access import admit, recognise

web = Blueprint("web", __name__, template_folder="templates")
web.before_app_request(recognise)
web.before_request(admit)
web.before_request(csrf.check)

web.add_url_rule("/assets/<path:name>", "static_file", shell.static_file)
web.add_url_rule("/", "home", account.home)
web.add_url_rule("/sign-in", "sign_in", account.sign_in, methods=["GET", "POST"])
web.add_url_rule("/sign-out", "sign_out", account.sign_out, methods=["POST"])
web.add_url_rule("/language", "set_language", account.set_language, methods=["POST"])
web.add_url_rule("/password", "password", account.password, methods=["GET", "POST"])
