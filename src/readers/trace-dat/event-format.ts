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
  /** Records of this format have different lengths: strings, stacks, arrays without a size. */
  readonly isVariable: boolean;
  /** What is wrong with the text, in words; undefined: nothing. */
  readonly defect?: string;
}

const FIELD = /^\s*field(?: special)?:\s*(.+?);\s*offset:(\d+);\s*size:(\d+);(?:\s*signed:(\d+);)?/;

/** Fields are aligned to eight bytes at most, so no gap between two of them can be as large. */
const MAX_GAP = 7;

/** Parses one format file; undefined when it is not one. `known`: lines that were parsed before, as every format has some. */
export function parseEventFormat(
  system: string,
  text: string,
  known = new Map<string, FormatField>(),
): EventFormat | undefined {
  const name = /^name:\s*(\S+)/m.exec(text)?.[1];
  const id = /^ID:\s*(\d+)/m.exec(text)?.[1];
  if (name === undefined || id === undefined) return undefined;
  const fields = new Map<string, FormatField>();
  let minSize = 0;
  let defect: string | undefined;
  for (const line of text.split('\n')) {
    if (line.startsWith('print fmt:')) break;
    const field = known.get(line) ?? parseField(line);
    if (field === undefined) {
      if (/^\s+\S/.test(line)) defect ??= `the line ${JSON.stringify(line.trim())} is not understood`;
      continue;
    }
    if (fields.has(field.name) || field.offset < minSize || field.offset - minSize > MAX_GAP)
      defect ??= `the field ${field.name} at offset ${field.offset} does not follow the one before, which ends at ${minSize}`;
    known.set(line, field);
    fields.set(field.name, field);
    minSize = Math.max(minSize, field.offset + field.size);
  }
  // Records of ftrace's own events end in stacks and texts whose format shows one length only.
  const isVariable =
    system === 'ftrace' || [...fields.values()].some((field) => field.dynamic !== 'none' || field.size === 0);
  return {
    system,
    name,
    id: Number(id),
    fields,
    minSize,
    isVariable,
    ...(defect === undefined ? {} : { defect }),
  };
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
