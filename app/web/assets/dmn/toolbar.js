// The row above the table: its decisions, what can be done with it, and whether it is saved.
import { html, useRef } from '@bpmn-io/diagram-js-ui';
import { PAGE } from './rows.js';
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
  ${editor.rows?.all().length > PAGE && html`<${Pages} rows=${editor.rows} />`}
  ${editor.kept().map((one) => html`<p class="muted" key=${one.id}>${_('“{name}”不能在这里编辑，原样保留：请用“看文本”查看。', { name: one.name || one.id })}</p>`)}`;
}

/** Of a long table a page is shown; words find the rows that hold them. */
function Pages({ rows }) {
  const number = rows.found().length;
  const last = Math.min(rows.from + PAGE, number);
  return html`<div class="pages" role="toolbar" aria-label=${_('行')}>
    <input type="search" name="look" aria-label=${_('只看含这些字的行')} placeholder=${_('只看含这些字的行')} value=${rows.words}
      onInput=${(event) => rows.look(event.target.value)} />
    <button type="button" class="button small" name="page-before" disabled=${!rows.from} onClick=${() => rows.turn(rows.from - PAGE)}>${_('上一页')}</button>
    <span role="status">${number ? _('第 {from}–{last} 行，共 {number} 行', { from: rows.from + 1, last, number }) : _('没有含这些字的行')}</span>
    <button type="button" class="button small" name="page-after" disabled=${last >= number} onClick=${() => rows.turn(rows.from + PAGE)}>${_('下一页')}</button>
    <span class="muted">${_('大批修改可“导出 Excel”，改好再“导入”。')}</span>
  </div>`;
}
