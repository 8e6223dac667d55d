// printf formats of kernel messages: filling them in, and recognising messages that were made from them.

const CONVERSION = /%%|%\*pbl|%(0?\d*)(?:ll|l)?([sdiuxp])/g;

/**
 * Fills a format with arguments in order. Hexadecimal ones may be given as digits without `0x`. Where an argument is
 * undefined or missing, the conversion stays.
 */
export function formatKernel(format: string, args: readonly (string | number | undefined)[]): string {
  let next = 0;
  return format.replace(CONVERSION, (conversion, width: string | undefined, letter: string | undefined) => {
    if (conversion === '%%') return '%';
    const arg = args[next++];
    if (arg === undefined) return conversion;
    const text = typeof arg === 'number' && letter === 'x' ? arg.toString(16) : String(arg);
    if (width === undefined || width === '') return text;
    return text.padStart(Number(width), width.startsWith('0') ? '0' : ' ');
  });
}

/**
 * The message can have been made from the format with these arguments. Undefined, missing and empty ones fit anything, and
 * so does every name (`%s`): names change without a record.
 */
export function messageFits(format: string, args: readonly (string | number | undefined)[], message: string): boolean {
  let next = 0;
  let source = '';
  let from = 0;
  for (const match of format.matchAll(CONVERSION)) {
    const [conversion, , letter] = match;
    source += escapePattern(format.slice(from, match.index));
    from = match.index + conversion.length;
    const arg = conversion === '%%' ? undefined : args[next++];
    source +=
      letter === 's' || arg === undefined || arg === ''
        ? conversionPattern(conversion, letter)
        : escapePattern(formatKernel(conversion, [arg]));
  }
  return new RegExp(`^${source}${escapePattern(format.slice(from))}$`, 's').test(message);
}

const patterns = new Map<string, RegExp>();

/** The whole message can have been made from the format. */
export function formatMatches(format: string, message: string): boolean {
  return patternOf(format).test(message);
}

/** What stands in the places of the conversions; undefined when the message was not made from the format. */
export function parseFormat(format: string, message: string): readonly string[] | undefined {
  const match = patternOf(format).exec(message);
  return match === null ? undefined : match.slice(1);
}

function patternOf(format: string): RegExp {
  const known = patterns.get(format);
  if (known !== undefined) return known;
  let source = '';
  let from = 0;
  for (const match of format.matchAll(CONVERSION)) {
    source += escapePattern(format.slice(from, match.index)) + conversionPattern(match[0], match[2]);
    from = match.index + match[0].length;
  }
  const pattern = new RegExp(`^${source}${escapePattern(format.slice(from))}$`, 's');
  patterns.set(format, pattern);
  return pattern;
}

function conversionPattern(conversion: string, letter: string | undefined): string {
  if (conversion === '%%') return '%';
  if (conversion === '%*pbl') return '([\\d,-]*)';
  switch (letter) {
    case 's':
      return '(.*)';
    case 'd':
    case 'i':
      return '(-?\\d+)';
    case 'u':
      return '(\\d+)';
    case 'x':
      return '([0-9a-f]+)';
    default:
      return '(\\S+)';
  }
}

function escapePattern(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
