"""What the codes of demands and stages are called in a comparison."""

from app.core.phrase import Phrase
from app.profiles.letters import LetterKind

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

OTHERS = {
    "calendar": Phrase("地方日历和工时", "local calendar and hours"),
    "categories": Phrase("分类目录", "categories"),
    "lines": Phrase("专线", "extra lines"),
    "issuer": Phrase("文书落款", "who issues letters"),
    "report.satisfaction": Phrase("满意口径", "what counts as satisfied"),
    "report.counts_superior_platform": Phrase("诉求总量的范围", "what the total includes"),
    **{f"letters.{kind}": kind.phrase for kind in LetterKind},
}
"""What a profile may have of its own beside tables."""
