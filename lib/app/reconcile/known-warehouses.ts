import type { IndexRow } from '../../core/kargo/lookup-index/index-rows.ts';
import {
  hasNewSubscription,
  toWarehouseRows,
  type IndexedWarehouse,
} from '../../core/kargo/lookup-index/warehouse-rows.ts';
import { formatObjectName, type ObjectName, type ObjectVersion } from '../../core/kargo/object-name.ts';
import type { IndexableWarehouses, WarehouseContent } from '../ports.ts';

/** Rows of one project: 20,000 usual Warehouses. The receiver lists a project with more. */
const MAX_PROJECT_BYTES = 8 * 1024 * 1024;

/** Rows of all projects together, which the reconciler keeps in memory. Beyond it, the largest projects are listed. */
const MAX_INDEX_BYTES = 64 * 1024 * 1024;

/** Changed Warehouses that are read one by one. More of them are read page by page, with all others. */
const MAX_SINGLE_READS = 500;

/**
 * Which receivers of the earlier index accept pushes for a project: its own (`project`), only those of the ClusterConfig (`cluster`), or
 * `none`.
 */
export type Coverage = 'project' | 'cluster' | 'none';

/** What decides whether a Warehouse enters an index that was published before. */
export interface EarlierIndex {
  readonly coverageOf: (project: string) => Coverage;
  readonly listedProjects: ReadonlySet<string>;
}

interface KnownWarehouse extends ObjectVersion {
  /** Undefined where its project is listed. */
  readonly rows: readonly IndexRow[] | undefined;
  readonly bytes: number;
}

/** The Warehouses as the reconciler has read them, with their rows of the index. Kept between runs. */
export class KnownWarehouses {
  readonly #known = new Map<string, KnownWarehouse>();
  readonly #bytesOf = new Map<string, number>();
  #totalBytes = 0;
  /** Projects that were too large together with the others. They stay listed until the process ends. */
  readonly #listed = new Set<string>();
  readonly #entering = new Map<string, ObjectName>();

  /** Takes over the rows of a stored index. A Warehouse that has lost a row is left out, so that it is read again. */
  load(rows: Iterable<readonly [row: IndexedWarehouse, text: string]>): void {
    const loaded = new Map<string, { version: IndexedWarehouse; rows: IndexRow[] }>();
    for (const [version, text] of rows) {
      const id = formatObjectName(version);
      const other = loaded.get(id);
      if (
        other !== undefined &&
        other.version.uid === version.uid &&
        other.version.generation === version.generation
      )
        other.rows.push({ key: version.key, text });
      else if (other === undefined || other.version.generation < version.generation)
        loaded.set(id, { version, rows: [{ key: version.key, text }] });
    }
    for (const { version, rows: own } of loaded.values()) {
      const { namespace, name, uid, generation } = version;
      if (own.length === version.rowCount) this.#set({ namespace, name, uid, generation }, own);
    }
  }

  /**
   * Brings the Warehouses up to date: reads which there are, and only those that were changed since.
   *
   * @param earlier - undefined where no index was published before: then none of them enters
   */
  async update(
    warehouses: IndexableWarehouses,
    isServed: (project: string) => boolean,
    earlier: EarlierIndex | undefined,
    signal: AbortSignal,
  ): Promise<void> {
    const changed =
      this.#known.size === 0 ? undefined : await this.#findChanged(warehouses, isServed, signal);
    const isWanted = (one: ObjectName): boolean =>
      changed?.has(formatObjectName(one)) ?? isServed(one.namespace);
    const pages =
      changed === undefined || changed.size > MAX_SINGLE_READS
        ? warehouses.pages(signal)
        : warehouses.read([...changed.values()], signal);
    for await (const page of pages) for (const one of page.filter(isWanted)) this.#put(one, earlier);
  }

  /** Returns the rows of all Warehouses. */
  *rows(): Generator<IndexRow> {
    for (const { rows } of this.#known.values()) if (rows !== undefined) yield* rows;
  }

  /** Lists the projects whose rows are too large for the index. */
  get listedProjects(): string[] {
    const tooLarge = [...this.#bytesOf.keys()].filter((project) => this.#isListed(project));
    return tooLarge.toSorted();
  }

  /** Returns the Warehouses that are still to be refreshed because they entered. */
  get entering(): readonly ObjectName[] {
    return [...this.#entering.values()];
  }

  addEntering(names: readonly ObjectName[]): void {
    for (const name of names) this.#entering.set(formatObjectName(name), name);
  }

  /** Counts every Warehouse as one that entered. */
  addAllEntering(): void {
    this.addEntering([...this.#known.values()]);
  }

  removeEntering(name: ObjectName): void {
    this.#entering.delete(formatObjectName(name));
  }

  async #findChanged(
    warehouses: IndexableWarehouses,
    isServed: (project: string) => boolean,
    signal: AbortSignal,
  ): Promise<Map<string, ObjectName>> {
    const present = new Set<string>();
    const changed = new Map<string, ObjectName>();
    for await (const page of warehouses.versions(signal)) {
      for (const version of page) {
        if (!isServed(version.namespace)) continue;
        const id = formatObjectName(version);
        present.add(id);
        if (!this.#isCurrent(this.#known.get(id), version)) changed.set(id, version);
      }
    }
    for (const [id, { namespace, bytes }] of this.#known) {
      if (present.has(id)) continue;
      this.#known.delete(id);
      this.#entering.delete(id);
      this.#addBytes(namespace, -bytes);
    }
    return changed;
  }

  #isCurrent(known: KnownWarehouse | undefined, { namespace, uid, generation }: ObjectVersion): boolean {
    if (known?.uid !== uid || known.generation !== generation) return false;
    return known.rows !== undefined || this.#isListed(namespace);
  }

  #put(warehouse: WarehouseContent, earlier: EarlierIndex | undefined): void {
    const { namespace, name, uid, generation, content, isDiscovered } = warehouse;
    const before = this.#known.get(formatObjectName(warehouse));
    const rows = toWarehouseRows(warehouse, content);
    this.#set({ namespace, name, uid, generation }, rows);
    if (earlier === undefined || earlier.listedProjects.has(namespace)) return;
    const isSame = before?.uid === uid;
    // Its project was listed until now, so that no push was lost.
    if (isSame && before.rows === undefined) return;
    if (!hasNewSubscription(rows, (isSame ? before.rows : undefined) ?? [])) return;
    const coverage = earlier.coverageOf(namespace);
    // Before its first discovery nothing is lost: Kargo is about to find what was pushed.
    if (coverage === 'project' || (coverage === 'cluster' && isDiscovered))
      this.#entering.set(formatObjectName(warehouse), { namespace, name, uid });
  }

  #set(version: ObjectVersion, rows: readonly IndexRow[]): void {
    const { namespace } = version;
    const bytes = rows.reduce((sum, { text }) => sum + text.length, 0);
    const wasListed = this.#isListed(namespace);
    this.#addBytes(namespace, bytes - (this.#known.get(formatObjectName(version))?.bytes ?? 0));
    const isListed = this.#isListed(namespace);
    this.#known.set(formatObjectName(version), { ...version, bytes, rows: isListed ? undefined : rows });
    if (isListed && !wasListed) this.#dropRows(namespace);
    if (!isListed) this.#limitTotal();
  }

  #isListed(project: string): boolean {
    return this.#listed.has(project) || (this.#bytesOf.get(project) ?? 0) > MAX_PROJECT_BYTES;
  }

  #addBytes(project: string, bytes: number): void {
    this.#bytesOf.set(project, (this.#bytesOf.get(project) ?? 0) + bytes);
    this.#totalBytes += bytes;
  }

  #limitTotal(): void {
    if (this.#totalBytes <= MAX_INDEX_BYTES) return;
    const kept = [...this.#bytesOf].filter(([project]) => !this.#isListed(project));
    if (kept.reduce((sum, [, bytes]) => sum + bytes, 0) <= MAX_INDEX_BYTES) return;
    const [largest] = kept.toSorted(([, one], [, other]) => other - one);
    if (largest === undefined) return;
    this.#listed.add(largest[0]);
    this.#dropRows(largest[0]);
  }

  #dropRows(project: string): void {
    for (const [id, known] of this.#known)
      if (known.namespace === project && known.rows !== undefined)
        this.#known.set(id, { ...known, rows: undefined });
  }
}
