/** The rules that names of several sorts have to keep, in the API server's words; each gives those that are broken. */

interface Rule {
  pattern: RegExp;
  maxLength: number;
  unit: 'characters' | 'bytes';
  words: string;
}

const NAMESPACE_NAME: Rule = {
  pattern: /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/,
  maxLength: 63,
  unit: 'characters',
  words:
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an " +
    "alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')",
};

const NAME: Rule = {
  pattern: /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/,
  maxLength: 253,
  unit: 'characters',
  words:
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and " +
    "end with an alphanumeric character (e.g. 'example.com', regex used for validation is " +
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
};

const KEY_WORDS =
  "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character " +
  "(e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";

const KEY_NAME: Rule = {
  pattern: /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/,
  maxLength: 63,
  unit: 'bytes',
  words: KEY_WORDS,
};

const LABEL_VALUE: Rule = {
  pattern: /^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$/,
  maxLength: 63,
  unit: 'bytes',
  words:
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end " +
    "with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is " +
    "'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')",
};

function broken(rule: Rule, text: string): string[] {
  const { pattern, maxLength, unit, words } = rule;
  const tooLong = text.length > maxLength ? [`must be no more than ${maxLength} ${unit}`] : [];
  return pattern.test(text) ? tooLong : [...tooLong, words];
}

export function brokenNamespaceName(name: string): string[] {
  const isOnlyDotted = NAME.pattern.test(name);
  return broken(NAMESPACE_NAME, name).map((words) =>
    isOnlyDotted && words === NAMESPACE_NAME.words ? 'must not contain dots' : words,
  );
}

export function brokenName(name: string): string[] {
  return broken(NAME, name);
}

export function brokenLabelValue(value: string): string[] {
  return broken(LABEL_VALUE, value);
}

/** The rule for the keys of labels and annotations, and for finalizers: `[PREFIX/]NAME`. */
export function brokenQualifiedName(key: string): string[] {
  const parts = key.split('/');
  const name = parts.pop() ?? '';
  if (parts.length > 1) {
    return [
      `a valid label key ${KEY_WORDS} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`,
    ];
  }
  const emptyPrefix = parts[0] === '' ? ['prefix part must be non-empty'] : [];
  const prefix = parts[0] ? broken(NAME, parts[0]).map((words) => `prefix part ${words}`) : emptyPrefix;
  const empty = name === '' ? ['name part must be non-empty'] : [];
  return [...prefix, ...empty, ...broken(KEY_NAME, name).map((words) => `name part ${words}`)];
}
