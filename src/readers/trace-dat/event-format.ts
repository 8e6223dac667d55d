// Parses the event format files of ftrace: the field layout of every event, as the recording kernel described it.

export interface FormatField {
  readonly name: string;
  readonly type: string;
  readonly offset: number;
  readonly size: number;
  readonly signed: boolean;
  /** Variable-length data: the field holds offset and length (`__data_loc`), offset relative to the field's end for `__rel_loc`. */
  readonly dynamic: 'none' | 'data-loc' | 'rel-loc';
  /** `char x[16]` and the like. */
  readonly isArray: boolean;
}

export interface EventFormat {
  readonly system: string;
  readonly name: string;
  readonly id: number;
  readonly fields: ReadonlyMap<string, FormatField>;
  /** Bytes that a record must have at least: the end of its last fixed field. */
  readonly minSize: number;
}

const FIELD = /^\s*field(?: special)?:\s*(.+?);\s*offset:(\d+);\s*size:(\d+);(?:\s*signed:(\d+);)?/;

/** Parses one format file; undefined when it is not one. */
export function parseEventFormat(system: string, text: string): EventFormat | undefined {
  const name = /^name:\s*(\S+)/m.exec(text)?.[1];
  const id = /^ID:\s*(\d+)/m.exec(text)?.[1];
  if (name === undefined || id === undefined) return undefined;
  const fields = new Map<string, FormatField>();
  let minSize = 0;
  for (const line of text.split('\n')) {
    const field = parseField(line);
    if (field === undefined) continue;
    fields.set(field.name, field);
    minSize = Math.max(minSize, field.offset + field.size);
  }
  return { system, name, id: Number(id), fields, minSize };
}

/** One `field:` line of a format or of the page header. */
export function parseField(line: string): FormatField | undefined {
  const match = FIELD.exec(line);
  if (match === null) return undefined;
  const [, declaration = '', offset = '0', size = '0', signed = '0'] = match;
  const isArray = /\[[^\]]*\]\s*$/.test(declaration);
  const bare = declaration.replace(/\[[^\]]*\]\s*$/, '');
  const name = /([A-Za-z_]\w*)\s*$/.exec(bare)?.[1];
  if (name === undefined) return undefined;
  const type = bare.slice(0, bare.lastIndexOf(name)).trim();
  const dynamic = type.startsWith('__data_loc') ? 'data-loc' : type.startsWith('__rel_loc') ? 'rel-loc' : 'none';
  return { name, type, offset: Number(offset), size: Number(size), signed: signed === '1', dynamic, isArray };
}
