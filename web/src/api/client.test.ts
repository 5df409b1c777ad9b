//! The client renews a token once, for everyone who waits, and repeats a request at most once.

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { answerOf, http } from "./client";
import type { Problem } from "./problem";
import { sessionStore, signedIn, signedOut } from "./session";

const json = (status: number, body: unknown): Response =>
  new Response(JSON.stringify(body), { status, headers: { "Content-Type": "application/json" } });

describe("the client", () => {
  const calls: { path: string; authorization: string | null }[] = [];
  let answers: (path: string, authorization: string | null) => Response;

  beforeEach(() => {
    calls.length = 0;
    signedIn({ access: "old", refresh: "refresh" }, "this-tab");
    vi.stubGlobal("fetch", async (request: Request) => {
      const path = new URL(request.url).pathname;
      const authorization = request.headers.get("Authorization");
      calls.push({ path, authorization });
      return answers(path, authorization);
    });
  });
  afterEach(() => {
    vi.unstubAllGlobals();
    signedOut();
  });

  const clock = () => answerOf(http.GET("/api/market/clock/"));

  it("renews a refused token once for all who wait", async () => {
    answers = (path, authorization) => {
      if (path === "/api/token/refresh/") return json(200, { access: "new" });
      return authorization === "Bearer new"
        ? json(200, { is_open: true })
        : json(401, { code: "UNAUTHORIZED", detail: "no" });
    };
    await Promise.all([clock(), clock(), clock()]);
    expect(calls.filter((call) => call.path === "/api/token/refresh/")).toHaveLength(1);
    expect(sessionStore.getState().access).toBe("new");
  });

  it("signs out when the refresh token is refused", async () => {
    answers = () => json(401, { code: "UNAUTHORIZED", detail: "no" });
    await expect(clock()).rejects.toMatchObject({ status: 401, code: "UNAUTHORIZED" });
    expect(sessionStore.getState().state).toBe("signed-out");
  });

  it("signs nobody out when the server is away", async () => {
    vi.stubGlobal("fetch", () => Promise.reject(new TypeError("network")));
    const problem = await clock().catch((error: Problem) => error);
    expect(problem).toMatchObject({ status: 0, code: "UNREACHABLE" });
    expect(sessionStore.getState().state).toBe("signed-in");
  });

  it("reads a problem document with its field and order", async () => {
    answers = () =>
      json(422, { code: "STOP_IN_MARKET", detail: "past", field: "stop_price", order: { id: "o1" } });
    await expect(clock()).rejects.toMatchObject({
      code: "STOP_IN_MARKET",
      field: "stop_price",
      order: { id: "o1" },
    });
  });

  it("keeps the refresh token where it was asked to, and nowhere else", () => {
    signedIn({ access: "a", refresh: "r" }, "this-device");
    expect([sessionStorage.getItem("papertape.refresh"), localStorage.getItem("papertape.refresh")]).toEqual([
      null,
      "r",
    ]);
    signedOut();
    expect(localStorage.getItem("papertape.refresh")).toBeNull();
  });
});
