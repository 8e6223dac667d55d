// Prose on lines that a terminal shows without breaking them.

/** Columns of a line. */
const WIDTH = 110;

/** The text broken at blanks; `indent` columns of each line are taken. A word that is too long has a line of its own. */
export function wrapText(text: string, indent = 0): string[] {
  const width = WIDTH - indent;
  const lines: string[] = [];
  for (const paragraph of text.split('\n')) {
    let line = '';
    for (const word of paragraph.split(' ')) {
      if (line !== '' && line.length + 1 + word.length > width) {
        lines.push(line);
        line = word;
      } else line = line === '' ? word : `${line} ${word}`;
    }
    lines.push(line);
  }
  return lines;
}
