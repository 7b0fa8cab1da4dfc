/** The kinds of object that a delivery can refresh. */
export type RefreshKind = 'warehouse' | 'promotion';
