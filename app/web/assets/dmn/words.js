// The reader's language for the editor of tables: our sentences are Chinese and looked up for
// readers of English; dmn-js speaks English and is looked up for readers of Chinese.
import { isChinese } from '../language.js';
import { _ as shared } from '../modeler/words.js';
import { CHINESE } from './chinese.js';
import { ENGLISH } from './english.js';

const fill = (sentence, values) => sentence.replace(/{\s*([^}\s]+)\s*}/g, (all, key) => values?.[key] ?? all);

/** A Chinese sentence of ours in the reader's language, `{name}` filled in from `values`. */
export const _ = (sentence, values) =>
  (isChinese || sentence in ENGLISH ? fill(isChinese ? sentence : ENGLISH[sentence], values) : shared(sentence, values));

/** Sentences of dmn-js that were shown untranslated; a test wants none. */
export const untranslated = new Set();

/** The module that dmn-js asks for its sentences. */
export const translations = {
  translate: ['value', (sentence, values) => {
    if (isChinese && sentence && !(sentence in CHINESE)) untranslated.add(sentence);
    return fill(isChinese ? CHINESE[sentence] ?? sentence : sentence, values);
  }],
};
