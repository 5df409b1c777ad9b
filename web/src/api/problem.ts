//! Owns the one error type of the interface: what went wrong, told so that a person can act. Never thrown for
//! programming mistakes.

import type { Order, ProblemBody } from "./types";

/** Why a request did not do what was asked. */
export class Problem extends Error {
  /** HTTP status; 0 when no answer came. */
  readonly status: number;
  /** The stable code, `UNREACHABLE` when no answer came. */
  readonly code: string;
  /** The field at fault, as the request names it. */
  readonly field: string | undefined;
  /** A refused order exists and stands here. */
  readonly order: Order | undefined;

  constructor(
    status: number,
    code: string,
    detail: string,
    about: { field?: string | undefined; order?: Order | undefined } = {},
  ) {
    super(detail);
    this.name = "Problem";
    this.status = status;
    this.code = code;
    this.field = about.field;
    this.order = about.order;
  }

  /** Whether the request may have been carried out although no clear answer came. */
  get outcomeUnknown(): boolean {
    return this.status === 0 || this.status >= 500;
  }
}

/** Reads a problem document; anything else in its place still becomes a readable problem. */
export function problemFrom(status: number, body: unknown): Problem {
  const found: Partial<ProblemBody> = typeof body === "object" && body !== null ? body : {};
  return new Problem(status, found.code ?? `HTTP_${status}`, found.detail ?? found.title ?? wordsOf(status), {
    field: found.field ?? undefined,
    order: found.order ?? undefined,
  });
}

/** The request never got an answer. */
export const unreachable = (): Problem =>
  new Problem(0, "UNREACHABLE", "The server cannot be reached. Check the connection and try again.");

/** What to tell a person about anything that was thrown. */
export const messageOf = (error: unknown): string =>
  error instanceof Problem ? error.message : "Something unexpected went wrong. Reload the page to go on.";

function wordsOf(status: number): string {
  if (status === 401) return "You are signed out. Sign in again.";
  if (status === 404) return "This does not exist, or is not yours.";
  if (status === 429) return "Too many requests. Wait a moment and try again.";
  if (status === 503) return "The server is busy and did nothing. Try again.";
  return "The server could not do this.";
}
