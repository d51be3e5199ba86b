"""What the codes of demands and stages are called in a comparison."""

from app.core.phrase import Phrase

NATURES = {
    "consultation": Phrase("咨询", "consultation"),
    "help_request": Phrase("求助", "help request"),
    "complaint": Phrase("投诉", "complaint"),
    "report": Phrase("举报", "report"),
    "suggestion": Phrase("建议", "suggestion"),
    "praise": Phrase("表扬", "praise"),
    "other": Phrase("其他", "other"),
}
URGENCIES = {
    "normal": Phrase("一般", "normal"),
    "urgent": Phrase("紧急", "urgent"),
    "critical": Phrase("特急", "critical"),
}
STAGES = {
    "acceptance": Phrase("受理", "acceptance"),
    "dispatch": Phrase("派单", "dispatch"),
    "sign_for": Phrase("签收", "sign-for"),
    "first_contact": Phrase("先行联系", "first contact"),
    "handling": Phrase("办理", "handling"),
    "co_handling": Phrase("协办", "co-handling"),
    "lower_tier_handling": Phrase("下级办理", "lower tier"),
    "return_window": Phrase("退单", "return"),
    "total": Phrase("总时限", "total"),
}
