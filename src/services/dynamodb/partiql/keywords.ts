// The words PartiQL keeps for itself: unquoted, none of them is the name of an attribute.

// Source: the keywords of SQL-92 and those PartiQL adds, as the PartiQL specification lists them.
// AWS: ONLY is none. floci, PartiQLDocumentedSyntaxIntegrationTest
const WORDS = `absolute action add all allocate alter and any are as asc assertion at
 authorization avg bag begin between bigint bit bit_length blob bool boolean by can_cast
 can_lossless_cast cascade cascaded case cast catalog char char_length character
 character_length check clob close coalesce collate collation column commit conflict connect
 connection constraint constraints continue convert corresponding count create cross current
 current_date current_time current_timestamp current_user cursor date date_add date_diff
 deallocate dec decimal declare default deferrable deferred delete desc describe descriptor
 diagnostics disconnect distinct do domain double drop else end escape except exception exec
 execute exists external extract false fetch first float for foreign found from full get global
 go goto grant group having identity immediate in index indicator initially inner input
 insensitive insert int int2 int4 int8 integer integer2 integer4 integer8 intersect interval into
 is isolation join key language last left let level like limit list local lower match max min
 missing modified module names national natural nchar new next no not nothing null nullif numeric
 octet_length of offset old on open option or order outer output overlaps pad partial pivot
 position precision prepare preserve primary prior privileges procedure public read real
 references relative remove restrict returning revoke right rollback rows schema scroll section
 select session session_user set sexp size smallint some space sql sqlcode sqlerror sqlstate
 string struct substring sum symbol system_user table temporary then time timestamp to
 transaction translate translation trim true tuple union unique unknown unpivot update upper
 usage user using value values varchar varying view when whenever where with work write zone`;

const KEYWORDS: ReadonlySet<string> = new Set(WORDS.split(/\s+/));

/** @param word in lower case. */
export function isKeyword(word: string): boolean {
  return KEYWORDS.has(word);
}

/** Keywords that are operators. */
export const OPERATOR_WORDS: ReadonlySet<string> = new Set([
  'and',
  'between',
  'except',
  'in',
  'intersect',
  'is',
  'like',
  'not',
  'or',
  'union',
]);

/** Words that together are one token. */
export const WORD_PAIRS: Readonly<Record<string, string>> = {
  'not in': 'not_in',
  'is not': 'is_not',
  'not between': 'not_between',
  'not like': 'not_like',
  'character varying': 'character_varying',
  'double precision': 'double_precision',
  'insert into': 'insert_into',
  'on conflict': 'on_conflict',
  'modified old': 'modified_old',
  'modified new': 'modified_new',
  'all old': 'all_old',
  'all new': 'all_new',
};

/** Keywords that may stand before a parenthesis as a function's name. */
export const FUNCTION_WORDS: ReadonlySet<string> = new Set([
  'avg',
  'bag',
  'bit_length',
  'char_length',
  'character_length',
  'count',
  'exists',
  'list',
  'lower',
  'max',
  'min',
  'octet_length',
  'sexp',
  'size',
  'sum',
  'upper',
]);

/** What may stand behind IS. */
export const TYPE_WORDS: ReadonlySet<string> = new Set([
  'any',
  'bag',
  'bigint',
  'blob',
  'bool',
  'boolean',
  'char',
  'character',
  'character_varying',
  'clob',
  'date',
  'dec',
  'decimal',
  'double_precision',
  'float',
  'int',
  'int2',
  'int4',
  'int8',
  'integer',
  'integer2',
  'integer4',
  'integer8',
  'list',
  'missing',
  'null',
  'numeric',
  'real',
  'sexp',
  'smallint',
  'string',
  'struct',
  'symbol',
  'time',
  'timestamp',
  'tuple',
  'varchar',
]);
