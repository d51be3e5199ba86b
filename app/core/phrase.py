"""A sentence for a person, in both languages of the product."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Phrase:
    """One sentence in Chinese and in English; the reader's language decides which is shown."""

    zh: str
    en: str

    def in_language(self, language: str) -> str:
        """The sentence in `language` (`zh…` gives Chinese, anything else English)."""
        return self.zh if language.startswith("zh") else self.en

    def __str__(self) -> str:
        return self.zh
