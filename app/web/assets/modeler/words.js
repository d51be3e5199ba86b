// The reader's language. Our own sentences are written in Chinese and looked up for readers of
// English; bpmn-js speaks English and is looked up for readers of Chinese.
import { ENGLISH } from './english.js';
import { CHINESE } from './chinese.js';
import { isChinese } from '../language.js';

const fill = (sentence, values) => sentence.replace(/{([^}]+)}/g, (all, key) => values?.[key] ?? all);

/** A Chinese sentence of ours in the reader's language, `{name}` filled in from `values`. */
export const _ = (sentence, values) => fill(isChinese ? sentence : ENGLISH[sentence] ?? sentence, values);

/** What is called {zh, en} (or is a plain text) in the reader's language. */
export const say = (phrase) =>
  (phrase && typeof phrase === 'object' ? (isChinese ? phrase.zh : phrase.en || phrase.zh) : phrase) ?? '';

/** Punctuation of the reader's language: a list, what is introduced, what is added in brackets. */
export const list = (words) => words.join(isChinese ? '、' : ', ');
export const introduced = (word, rest) => `${word}${isChinese ? '：' : ': '}${rest}`;
export const called = (label, name) => (isChinese ? `${say(label)}（${name}）` : `${say(label)} (${name})`);

/** Sentences of bpmn-js that were shown untranslated; a test wants none. */
export const untranslated = new Set();

/** The module that bpmn-js asks for its sentences. */
export const translations = {
  translate: ['value', (sentence, values) => {
    if (isChinese && !(sentence in CHINESE)) untranslated.add(sentence);
    return fill(isChinese ? CHINESE[sentence] ?? sentence : sentence, values);
  }],
};
