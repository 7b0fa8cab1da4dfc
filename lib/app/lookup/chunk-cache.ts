/** Rows that are cached in all. One has a few hundred bytes as a rule, 16 KB at most, and a delivery needs those of one repository. */
const MAX_CACHED_ROWS = 20_000;

interface CachedChunk<Row> {
  readonly revision: string;
  readonly byKey: ReadonlyMap<string, readonly Row[]>;
  readonly count: number;
}

/** Chunks of the index, parsed, by name and revision. Those that were used longest ago are dropped first. */
export class ChunkCache<Row> {
  readonly #parse: (content: unknown) => readonly Row[] | undefined;
  readonly #keyOf: (row: Row) => string;
  readonly #chunks = new Map<string, CachedChunk<Row>>();
  #rows = 0;

  constructor(parse: (content: unknown) => readonly Row[] | undefined, keyOf: (row: Row) => string) {
    this.#parse = parse;
    this.#keyOf = keyOf;
  }

  /** Returns the rows of a key, or undefined where this revision of the chunk is not cached. */
  get(name: string, revision: string, key: string): readonly Row[] | undefined {
    const chunk = this.#chunks.get(name);
    if (chunk?.revision !== revision) return undefined;
    this.#chunks.delete(name);
    this.#chunks.set(name, chunk);
    return chunk.byKey.get(key) ?? [];
  }

  /** Adds a chunk, and returns its rows of a key, or undefined where the content cannot be read. */
  add(name: string, revision: string, content: unknown, key: string): readonly Row[] | undefined {
    const rows = this.#parse(content);
    if (rows === undefined) return undefined;
    const byKey = Map.groupBy(rows, this.#keyOf);
    this.#drop(name);
    this.#chunks.set(name, { revision, byKey, count: rows.length });
    this.#rows += rows.length;
    for (const oldest of this.#chunks.keys()) {
      if (this.#rows <= MAX_CACHED_ROWS) break;
      this.#drop(oldest);
    }
    return byKey.get(key) ?? [];
  }

  #drop(name: string): void {
    this.#rows -= this.#chunks.get(name)?.count ?? 0;
    this.#chunks.delete(name);
  }
}
