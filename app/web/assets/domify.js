// domify without style attributes in the parsed text: the policy `style-src 'self'` forbids them,
// while setting `element.style.cssText` from a script of our own origin is allowed.
import domify from 'original-domify';

export default function (html, document) {
  const root = domify(html.replace(/(<[^>]*?)\sstyle=/g, '$1 data-csp-style='), document);
  const styled = root.querySelectorAll ? [...root.querySelectorAll('[data-csp-style]')] : [];
  if (root.hasAttribute && root.hasAttribute('data-csp-style')) styled.push(root);
  for (const element of styled) {
    element.style.cssText = element.getAttribute('data-csp-style');
    element.removeAttribute('data-csp-style');
  }
  return root;
}
