// Undoes HTML escapes in texts that were copied out of a page.

const ENTITY = /&(?:amp|lt|gt|quot|apos|nbsp|#\d{1,7}|#x[0-9a-fA-F]{1,6});/g;
const HAS_ENTITY = /&(?:amp|lt|gt|quot|apos|nbsp|#\d{1,7}|#x[0-9a-fA-F]{1,6});/;
const NAMED: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: ' ' };

/**
 * The lines are HTML source: there are entities, and nothing that HTML would have escaped. A lone `&lt;` in the name of a
 * task is no proof as long as a raw `<`, `>` or `&` stands elsewhere.
 */
export function looksEscaped(lines: Iterable<string>): boolean {
  let entities = false;
  for (const line of lines) {
    if (line.includes('<') || line.includes('>')) return false;
    if (!line.includes('&')) continue;
    if (!HAS_ENTITY.test(line) || line.replace(ENTITY, '').includes('&')) return false;
    entities = true;
  }
  return entities;
}

export function unescapeHtml(text: string): string {
  if (!text.includes('&')) return text;
  return text.replace(ENTITY, (entity) => {
    const name = entity.slice(1, -1);
    if (!name.startsWith('#')) return NAMED[name] ?? entity;
    const code = name[1] === 'x' ? Number.parseInt(name.slice(2), 16) : Number(name.slice(1));
    return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : entity;
  });
}
