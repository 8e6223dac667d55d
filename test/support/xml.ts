// A strict little XML parser for tests: elements, attributes, text, entities; anything not well-formed throws.

export interface XmlElement {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly XmlElement[];
  readonly text: string;
}

const TAG = /<(\/?)([A-Za-z][\w-]*)((?:\s+[A-Za-z][\w-]*="[^"<]*")*)\s*(\/?)>/y;
const ATTRIBUTE = /([A-Za-z][\w-]*)="([^"<]*)"/g;
const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

export function parseXml(source: string): XmlElement {
  const stack: { name: string; attributes: Record<string, string>; children: XmlElement[]; text: string }[] = [
    { name: '', attributes: {}, children: [], text: '' },
  ];
  let at = /^<\?xml version="1\.0" encoding="UTF-8"\?>\s*/.exec(source)?.[0].length ?? 0;
  while (at < source.length) {
    const top = stack.at(-1);
    if (top === undefined) throw new Error('unbalanced');
    if (source[at] !== '<') {
      const end = source.indexOf('<', at);
      top.text += decode(source.slice(at, end < 0 ? undefined : end));
      at = end < 0 ? source.length : end;
      continue;
    }
    TAG.lastIndex = at;
    const match = TAG.exec(source);
    if (match === null) throw new Error(`not a tag: ${source.slice(at, at + 60)}`);
    at = TAG.lastIndex;
    const [, closing, name = '', attributeText = '', empty] = match;
    if (closing === '/') {
      if (top.name !== name) throw new Error(`</${name}> closes <${top.name}>`);
      stack.pop();
      stack.at(-1)?.children.push(top);
      continue;
    }
    const attributes: Record<string, string> = {};
    for (const [, key = '', value = ''] of attributeText.matchAll(ATTRIBUTE)) {
      if (key in attributes) throw new Error(`attribute ${key} twice`);
      attributes[key] = decode(value);
    }
    const element = { name, attributes, children: [], text: '' };
    if (empty === '/') top.children.push(element);
    else stack.push(element);
  }
  const [root] = stack;
  const [only, ...rest] = root?.children ?? [];
  if (stack.length !== 1 || only === undefined || rest.length > 0 || root?.text.trim() !== '')
    throw new Error('not one element');
  return only;
}

function decode(text: string): string {
  for (const char of text) {
    const code = char.codePointAt(0) ?? 0;
    if (code < 0x20 && code !== 9 && code !== 10 && code !== 13) throw new Error(`forbidden character ${code}`);
  }
  return text.replaceAll(/&([^;]*);?/g, (whole, name: string) => {
    const known = ENTITIES[name] ?? (/^#\d+$/.test(name) ? String.fromCodePoint(Number(name.slice(1))) : undefined);
    if (known === undefined || !whole.endsWith(';')) throw new Error(`bad entity ${whole}`);
    return known;
  });
}
