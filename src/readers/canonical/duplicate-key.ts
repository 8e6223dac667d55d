// Finds keys that come twice in one JSON object, which JSON.parse passes over in silence.

/** The first key that an object of the (valid) JSON text has twice; undefined when there is none. */
export function duplicateKey(text: string): string | undefined {
  /** Keys of the open objects; undefined for a list. */
  const open: (Set<string> | undefined)[] = [];
  let expectsKey = false;
  for (let at = 0; at < text.length; at++) {
    const char = text[at];
    if (char === '{') {
      open.push(new Set());
      expectsKey = true;
    } else if (char === '[') {
      open.push(undefined);
      expectsKey = false;
    } else if (char === '}' || char === ']') open.pop();
    else if (char === ',') expectsKey = open.at(-1) !== undefined;
    else if (char === '"') {
      const end = stringEnd(text, at);
      if (expectsKey) {
        const key = JSON.parse(text.slice(at, end)) as string;
        const keys = open.at(-1);
        if (keys?.has(key) === true) return key;
        keys?.add(key);
        expectsKey = false;
      }
      at = end - 1;
    }
  }
  return undefined;
}

/** Index behind the string that begins at `from`. */
function stringEnd(text: string, from: number): number {
  for (let at = from + 1; at < text.length; at++) {
    if (text[at] === '"') return at + 1;
    if (text[at] === '\\') at++;
  }
  return text.length;
}
