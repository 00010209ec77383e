/** Something that wants to act once when the present turn of the event loop is over. */
export interface TurnMember {
  endTurn(): void;
}

let members: TurnMember[] = [];

/** Calls `member.endTurn()` once, after the input of this turn was handled. The member must not join twice a turn. */
export function joinTurn(member: TurnMember): void {
  if (members.length === 0) setImmediate(endTurn);
  members.push(member);
}

function endTurn(): void {
  const leaving = members;
  members = [];
  for (const member of leaving) member.endTurn();
}
