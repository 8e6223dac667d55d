// Files that are built in as text.
declare module '*?raw' {
  const text: string;
  // biome-ignore lint/style/noDefaultExport: this is how bundlers offer the text of a file
  export default text;
}
