// The text of one call in a policy file to its tokens, so that a diagnostic can point at the literal that is wrong.
// Not a parser: strings, numbers, words and single punctuation characters are enough to find a literal again.

export interface Token {
  readonly kind: "string" | "number" | "word" | "punctuation";
  /** A string's content, a number's or word's text. */
  readonly text: string;
  readonly offset: number;
  /** In the source, quotes included. */
  readonly length: number;
}

const TOKEN =
  /(?<skip>\s+|\/\/[^\n]*|\/\*[\s\S]*?\*\/)|(?<string>"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`)|(?<number>(?:0[xX][\da-fA-F_]+|\d[\d_]*(?:\.[\d_]+)?(?:[eE][+-]?\d+)?))|(?<word>[A-Za-z_$][\w$]*)|(?<punctuation>[\s\S])/gy;

/** Tokens from `offset` to the parenthesis that closes the first one opened; to the end of the text where none does. */
export function tokensOfCall(text: string, offset: number): readonly Token[] {
  const tokens: Token[] = [];
  let depth = 0;
  const pattern = new RegExp(TOKEN);
  pattern.lastIndex = offset;
  for (let found = pattern.exec(text); found !== null; found = pattern.exec(text)) {
    const groups = found.groups ?? {};
    const at = { offset: found.index, length: found[0].length };
    if (groups["skip"] !== undefined) continue;
    if (groups["string"] !== undefined) tokens.push({ kind: "string", text: found[0].slice(1, -1), ...at });
    else if (groups["number"] !== undefined) tokens.push({ kind: "number", text: found[0], ...at });
    else if (groups["word"] !== undefined) tokens.push({ kind: "word", text: found[0], ...at });
    else {
      tokens.push({ kind: "punctuation", text: found[0], ...at });
      if (found[0] === "(") depth++;
      if (found[0] === ")" && --depth <= 0) break;
    }
  }
  return tokens;
}
