// Typing over marked text. Chromium wants to keep the look of what was marked and writes a style for
// it, which the policy forbids; the field's own editor replaces the text without any.
import { EditorView } from '@codemirror/view';

export function replaceMarked(event) {
  const content = event.target.closest?.('.cm-content');
  if (event.inputType !== 'insertText' || event.isComposing || !content || window.getSelection().isCollapsed) return;
  const view = EditorView.findFromDOM(content);
  if (!view || view.state.readOnly) return;
  event.preventDefault();
  view.dispatch(view.state.replaceSelection(event.data), { userEvent: 'input.type', scrollIntoView: true });
}
