// The language of the page.
export const isChinese = !document.documentElement.lang.startsWith('en');
