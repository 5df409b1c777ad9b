//! Owns every HTTP request: the token, its renewal, and the turning of refusals into `Problem`s. Nothing else in the
//! interface calls fetch. Invariant: one renewal runs at a time, and a request is repeated at most once after it.

import createClient from "openapi-fetch";
import { Problem, problemFrom, unreachable } from "./problem";
import type { paths } from "./schema";
import { accessRenewed, sessionStore, signedOut, storedRefresh } from "./session";

const OPEN_PATHS = ["/api/token/", "/api/users/register/"];

/** The typed client; answers are unwrapped by `answerOf`. */
export const http = createClient<paths>({ baseUrl: location.origin, fetch: authorisedFetch });

interface Answer<Body> {
  data?: Body;
  error?: unknown;
  response: Response;
}

/** The body of a good answer; a `Problem` is thrown for every other. */
export async function answerOf<Body>(request: Promise<Answer<Body>>): Promise<Body> {
  const answer = await request;
  if (answer.data !== undefined) return answer.data;
  throw problemFrom(answer.response.status, answer.error);
}

/** A valid access token, renewed when none is held; undefined when the person must sign in. */
export async function freshAccess(): Promise<string | undefined> {
  return sessionStore.getState().access ?? (await renewAccess());
}

let renewal: Promise<string | undefined> | undefined;

/**
 * Asks for a new access token. Undefined when the refresh token is missing or refused, and the person is then signed
 * out; a server that cannot be reached throws instead, and signs nobody out.
 */
export function renewAccess(): Promise<string | undefined> {
  renewal ??= requestAccess().finally(() => {
    renewal = undefined;
  });
  return renewal;
}

async function requestAccess(): Promise<string | undefined> {
  const refresh = storedRefresh();
  if (refresh === null) {
    signedOut();
    return undefined;
  }
  const response = await reach(
    new Request(new URL("/api/token/refresh/", location.origin), {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ refresh }),
    }),
  );
  if (response.status === 400 || response.status === 401 || response.status === 403) {
    signedOut();
    return undefined;
  }
  const body: unknown = await response.json().catch(() => undefined);
  const access = typeof body === "object" && body !== null && "access" in body ? body.access : undefined;
  if (!response.ok || typeof access !== "string") throw problemFrom(response.status, body);
  accessRenewed(access);
  return access;
}

async function authorisedFetch(request: Request): Promise<Response> {
  if (OPEN_PATHS.includes(new URL(request.url).pathname)) return reach(request);
  const repeat = request.clone();
  const access = await freshAccess();
  const first = await reach(withAccess(request, access));
  if (first.status !== 401) return first;
  const renewed = await renewAccess();
  return renewed === undefined ? first : reach(withAccess(repeat, renewed));
}

function withAccess(request: Request, access: string | undefined): Request {
  if (access !== undefined) request.headers.set("Authorization", `Bearer ${access}`);
  return request;
}

async function reach(request: Request): Promise<Response> {
  try {
    return await fetch(request);
  } catch (error) {
    if (error instanceof Problem || request.signal.aborted) throw error;
    throw unreachable();
  }
}
