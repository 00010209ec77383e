/** How two values are compared. */
export type Comparison = '==' | '!=' | '<' | '<=' | '>' | '>=';

/** What a value is compared with. */
export type Operand =
  | { readonly kind: 'value'; readonly value: string | number }
  | { readonly kind: 'when'; readonly when: string }
  | { readonly kind: 'attribute'; readonly attr: string };

/** What must hold of a record, as the client wrote it. */
export type Condition = Test | { readonly kind: 'or' | 'and'; readonly parts: readonly Condition[] };

/** A condition on one attribute. */
export type Test =
  | {
      readonly kind: 'compare';
      readonly attr: string;
      readonly where: Comparison;
      readonly operand: Operand;
      readonly loc: Loc;
    }
  | { readonly kind: 'in'; readonly attr: string; readonly values: readonly (string | number)[]; readonly loc: Loc }
  | { readonly kind: 'contains'; readonly attr: string; readonly value: string | number; readonly loc: Loc }
  | { readonly kind: 'null'; readonly attr: string; readonly isNull: boolean; readonly loc: Loc }
  /** Holds for every record. */
  | { readonly kind: 'always'; readonly attr: string; readonly loc: Loc };

export type Loc = readonly (string | number)[];

/** What a client asks of a state. */
export interface StateQuery {
  /** All must hold. */
  readonly filters: readonly Condition[];
  /** Attributes to sort by; before them the order of the state counts as nothing. */
  readonly sort: readonly { readonly attr: string; readonly isDescending: boolean }[];
  /** Attributes to show; null: the whole records. */
  readonly fields: readonly string[] | null;
  readonly limit: number | null;
  readonly offset: number;
  /** Conditions on attributes that there are not, or that cannot be compared, are left out instead of refused. */
  readonly isLenient: boolean;
}
