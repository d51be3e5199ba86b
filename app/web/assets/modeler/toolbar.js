// The row above the canvas: what can be done with the whole diagram, and whether it is saved.
import { html, useRef } from '@bpmn-io/diagram-js-ui';
import { _ } from './words.js';

const STATES = () => ({
  saved: _('已保存'), changed: _('有改动，即将保存'), saving: _('保存中…'), conflict: _('有冲突'),
  offline: _('未保存'), expired: _('登录已过期'), refused: _('不能保存'), blocked: _('暂不保存'),
});

export function Toolbar({ editor }) {
  const file = useRef(null);
  const stack = editor.modeler.get('commandStack');
  const { saving } = editor;
  const button = (name, label, act, disabled = false, title = label) => html`
    <button type="button" class="button small" name=${name} disabled=${disabled} title=${title} onClick=${act}>${label}</button>`;
  const item = (form, label) => html`<li><button type="button" name="hand-${form}" onClick=${(event) => {
    event.target.closest('details').open = false;
    editor.hand(form);
  }}>${label}</button></li>`;
  return html`<div role="toolbar" aria-label=${_('图')}>
    ${button('undo', _('撤销'), () => editor.undo(), !stack.canUndo(), _('撤销（Ctrl+Z）'))}
    ${button('redo', _('重做'), () => editor.redo(), !stack.canRedo(), _('重做（Ctrl+Y）'))}
    <span class="gap"></span>
    ${button('zoom-in', _('放大'), () => editor.zoom(1.25))}
    ${button('zoom-out', _('缩小'), () => editor.zoom(0.8))}
    ${button('zoom-fit', _('全图'), () => editor.zoom('fit'))}
    ${button('minimap', _('小地图'), () => editor.minimap())}
    ${button('find', _('查找'), () => editor.find(), false, _('查找元素（Ctrl+F）'))}
    <span class="gap"></span>
    <details class="menu"><summary class="button small">${_('导出')}</summary><ul>
      ${item('bpmn', _('BPMN 文件'))}${item('png', _('PNG 图片'))}${item('svg', _('SVG 图片'))}
      ${item('copy-png', _('复制为 PNG'))}${item('copy-svg', _('复制为 SVG'))}</ul></details>
    ${button('import', _('导入'), () => file.current.click(), false, _('用一份 BPMN 文件替换'))}
    <input type="file" accept=".bpmn,.xml" hidden ref=${file} name="file" aria-label=${_('BPMN 文件')} onChange=${(event) => {
      const [chosen] = event.target.files;
      event.target.value = '';
      if (chosen) editor.take(chosen);
    }} />
    <span class="state ${saving.state}" role="status">${STATES()[saving.state]}${saving.detail && html` <span class="detail">${saving.detail}</span>`}${editor.told && html` <span class="detail">${editor.told}</span>`}</span>
    ${button('check', _('检查'), () => saving.look())}
    <button type="button" class="button small main-action" name="save" title=${_('保存（Ctrl+S）')} onClick=${() => editor.save()}>${_('保存')}</button>
  </div>`;
}
