//! Owns the reading of WebSocket frames: text in, one of a closed set of messages out. Frames it does not know are
//! dropped, so that a newer server does not break an older page.

import type { Order, Portfolio, Position, Quote, Trade } from "./types";

/** What a portfolio's stream reports; `other` keeps the sequence whole for kinds this page does not show. */
export type PortfolioNews =
  | { readonly type: "order"; readonly data: Order }
  | { readonly type: "fill"; readonly data: Trade }
  | { readonly type: "position"; readonly data: Position }
  | { readonly type: "cash"; readonly data: Partial<Portfolio> }
  | { readonly type: "portfolio"; readonly data: Partial<Portfolio> }
  | { readonly type: "other"; readonly data: unknown };

export type PortfolioMessage = {
  readonly portfolioId: string;
  readonly seq: number;
  readonly time: string;
} & PortfolioNews;

export type Incoming =
  | { readonly kind: "authenticated" }
  | {
      readonly kind: "subscribed";
      readonly portfolioId: string;
      readonly epoch: string;
      readonly headSeq: number;
    }
  | { readonly kind: "portfolio"; readonly message: PortfolioMessage }
  | { readonly kind: "quote"; readonly quote: Quote }
  | { readonly kind: "heartbeat"; readonly heads: readonly { portfolioId: string; headSeq: number }[] }
  | { readonly kind: "error"; readonly code: string; readonly detail: string };

type Frame = Record<string, unknown>;

const isFrame = (value: unknown): value is Frame => typeof value === "object" && value !== null;
const text = (value: unknown): string => (typeof value === "string" ? value : "");
const count = (value: unknown): number | undefined =>
  Number.isSafeInteger(value) ? (value as number) : undefined;

/** Reads one frame; undefined when it says nothing this page knows. */
export function readFrame(raw: string): Incoming | undefined {
  const frame = parsed(raw);
  if (frame === undefined) return undefined;
  switch (frame.op) {
    case "authenticated":
      return { kind: "authenticated" };
    case "subscribed":
      return readSubscribed(frame);
    case "heartbeat":
      return { kind: "heartbeat", heads: readHeads(frame.heads) };
    case "error":
      return { kind: "error", code: text(frame.code), detail: text(frame.message) };
    default:
      return readData(frame);
  }
}

function parsed(raw: string): Frame | undefined {
  try {
    const value: unknown = JSON.parse(raw);
    return isFrame(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function readSubscribed(frame: Frame): Incoming | undefined {
  const headSeq = count(frame.head_seq);
  if (frame.channel !== "portfolio" || headSeq === undefined) return undefined;
  return { kind: "subscribed", portfolioId: text(frame.portfolio_id), epoch: text(frame.epoch), headSeq };
}

function readHeads(heads: unknown): { portfolioId: string; headSeq: number }[] {
  if (!Array.isArray(heads)) return [];
  return heads.filter(isFrame).flatMap((head) => {
    const headSeq = count(head.head_seq);
    return headSeq === undefined ? [] : [{ portfolioId: text(head.portfolio_id), headSeq }];
  });
}

function readData(frame: Frame): Incoming | undefined {
  if (frame.channel === "quotes" && isFrame(frame.data)) return { kind: "quote", quote: frame.data as Quote };
  const seq = count(frame.seq);
  if (frame.channel !== "portfolio" || seq === undefined) return undefined;
  const head = { portfolioId: text(frame.portfolio_id), seq, time: text(frame.time) };
  return { kind: "portfolio", message: { ...head, ...readNews(text(frame.type), frame.data) } };
}

function readNews(type: string, data: unknown): PortfolioNews {
  if (!isFrame(data)) return { type: "other", data };
  switch (type) {
    case "order":
      return { type, data: data as Order };
    case "fill":
      return { type, data: data as Trade };
    case "position":
      return { type, data: data as Position };
    case "cash":
    case "portfolio":
      return { type, data: data as Partial<Portfolio> };
    default:
      return { type: "other", data };
  }
}
