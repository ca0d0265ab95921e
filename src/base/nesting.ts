// How deeply a text is nested, told before a parser or a walk that recurses is let loose on it. A stack that
// overflows is not always an exception: V8 ends the process when it happens while a pattern is compiled.

/** More than any document of AWS has. */
const JSON_LEVELS_MAX = 200;
const FLOW_LEVELS_MAX = 100;
const INDICATORS_MAX = 50;
const COLUMNS_MAX = 400;

const [QUOTE, BACKSLASH] = [0x22, 0x5c];

/** Of JSON: brackets inside of strings do not count. For text that is no JSON the answer means nothing. */
export function isDeepJson(text: string): boolean {
  let depth = 0;
  let isText = false;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) isText = !isText;
    else if (code === BACKSLASH) at += 1;
    else if (!isText) {
      depth += bracketStep(code);
      if (depth > JSON_LEVELS_MAX) return true;
    }
  }
  return false;
}

/**
 * Of YAML, by what can nest: brackets, wherever they stand; indicators in a row (`- - ? -`); indentation.
 * Not exact (brackets in text count), and never less than the truth.
 */
export function isDeepYaml(text: string): boolean {
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    depth = Math.max(0, depth + bracketStep(text.charCodeAt(at)));
    if (depth > FLOW_LEVELS_MAX) return true;
  }
  for (const [start, blanks = ''] of text.matchAll(/^([ \t]*)(?:[-?:][ \t]+)*/gm)) {
    if (blanks.length > COLUMNS_MAX) return true;
    const indicators = start.length - blanks.length < INDICATORS_MAX ? 0 : start.split(/[-?:]/).length;
    if (indicators > INDICATORS_MAX) return true;
  }
  return false;
}

/** 1 for an opening bracket or brace, -1 for a closing one. */
function bracketStep(code: number): number {
  switch (code) {
    case 0x5b:
    case 0x7b:
      return 1;
    case 0x5d:
    case 0x7d:
      return -1;
    default:
      return 0;
  }
}
