// The row above the table: its decisions, what can be done with it, and whether it is saved.
import { html, useRef } from '@bpmn-io/diagram-js-ui';
import { _ } from './words.js';

const STATES = () => ({
  saved: _('已保存'), changed: _('有改动，即将保存'), saving: _('保存中…'), conflict: _('有冲突'),
  offline: _('未保存'), expired: _('登录已过期'), refused: _('不能保存'), blocked: _('暂不保存'),
});

export function Toolbar({ editor }) {
  const file = useRef(null);
  const { saving, stack } = editor;
  const views = editor.views();
  const button = (name, label, act, disabled = false) => html`
    <button type="button" class="button small" name=${name} disabled=${disabled} onClick=${act}>${label}</button>`;
  return html`<div role="toolbar" aria-label=${_('工具栏')}>
    ${button('undo', _('撤销'), () => editor.undo(), !stack?.canUndo())}
    ${button('redo', _('重做'), () => editor.redo(), !stack?.canRedo())}
    ${views.length > 1 && html`<select name="decision" aria-label=${_('文件里的决策')} value=${editor.view?.element.id}
      onChange=${(event) => editor.choose(views.find((one) => one.element.id === event.target.value))}>
      ${views.map((one) => html`<option key=${one.element.id} value=${one.element.id}>${one.element.name || one.element.id}</option>`)}</select>`}
    ${button('export', _('导出 DMN'), () => editor.hand())}
    ${button('export-sheet', _('导出 Excel'), () => editor.handSheet())}
    ${button('import', _('导入'), () => file.current.click())}
    <input type="file" accept=".dmn,.xml,.xlsx" hidden ref=${file} name="file" aria-label=${_('DMN 或 Excel 文件')} onChange=${(event) => {
      const [chosen] = event.target.files;
      event.target.value = '';
      if (chosen) editor.take(chosen);
    }} />
    <span class="state ${saving.state}" role="status">${STATES()[saving.state]}${saving.detail && html` <span class="detail">${saving.detail}</span>`}</span>
    ${button('check', _('检查'), () => editor.review())}
    <button type="button" class="button small main-action" name="save" onClick=${() => editor.save()}>${_('保存')}</button>
  </div>
  ${editor.large && html`<p class="large">${_('这张表行数太多，浏览器里逐格编辑太慢：请“导出 Excel”修改后再“导入”。检查、试算和测试行照常可用。')}</p>`}
  ${editor.kept().map((one) => html`<p class="muted" key=${one.id}>${_('“{name}”不能在这里编辑，原样保留：请用“看文本”查看。', { name: one.name || one.id })}</p>`)}`;
}
