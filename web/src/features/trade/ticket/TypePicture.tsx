//! Owns the small picture of an order type: the price as it may go, the levels that the order names, and where it acts.
//! Drawn for a buy; a sell is the same upside down.

import type { OrderType, Side } from "../../../api/types";
import classes from "./TypePicture.module.css";

const [WIDTH, HEIGHT] = [96, 44];

type Point = readonly [x: number, y: number];

interface Picture {
  /** The price over time; higher is dearer. */
  readonly price: readonly Point[];
  /** Where the order waits in view of all. */
  readonly limit?: readonly Point[];
  /** What sets it off. */
  readonly trigger?: readonly Point[];
  /** Where it trades. */
  readonly acts: readonly Point[];
}

const level = (y: number, from = 8): readonly Point[] => [
  [from, y],
  [WIDTH - 2, y],
];

const PICTURES: Record<OrderType, Picture> = {
  MARKET: {
    price: [
      [2, 16],
      [18, 24],
      [32, 20],
      [52, 28],
      [70, 22],
      [92, 30],
    ],
    acts: [[32, 20]],
  },
  LIMIT: {
    price: [
      [2, 30],
      [20, 36],
      [38, 24],
      [54, 10],
      [72, 20],
      [92, 30],
    ],
    limit: level(10),
    acts: [[54, 10]],
  },
  STOP: {
    price: [
      [2, 20],
      [20, 10],
      [38, 18],
      [58, 31],
      [74, 40],
      [92, 36],
    ],
    trigger: level(31),
    acts: [[60, 33]],
  },
  STOP_LIMIT: {
    price: [
      [2, 18],
      [20, 8],
      [38, 16],
      [58, 27],
      [74, 38],
      [92, 30],
    ],
    trigger: level(27),
    limit: level(34, 58),
    acts: [[63, 30]],
  },
  TRAILING_STOP: {
    price: [
      [2, 30],
      [16, 22],
      [28, 25],
      [44, 10],
      [60, 14],
      [78, 24],
      [92, 34],
    ],
    trigger: [
      [2, 42],
      [16, 35],
      [28, 35],
      [44, 24],
      [94, 24],
    ],
    acts: [[78, 24]],
  },
  TRAILING_STOP_LIMIT: {
    price: [
      [2, 30],
      [16, 20],
      [28, 23],
      [44, 8],
      [60, 12],
      [76, 22],
      [92, 34],
    ],
    trigger: [
      [2, 41],
      [16, 33],
      [28, 33],
      [44, 22],
      [94, 22],
    ],
    limit: level(29, 76),
    acts: [[80, 25]],
  },
  MARKET_IF_TOUCHED: {
    price: [
      [2, 30],
      [20, 36],
      [38, 24],
      [56, 12],
      [68, 16],
      [92, 30],
    ],
    trigger: level(12),
    acts: [[56, 12]],
  },
  LIMIT_IF_TOUCHED: {
    price: [
      [2, 30],
      [20, 38],
      [38, 26],
      [56, 13],
      [68, 17],
      [92, 32],
    ],
    trigger: level(13),
    limit: level(19, 56),
    acts: [[60, 15]],
  },
  PEGGED: {
    price: [
      [2, 26],
      [20, 26],
      [20, 34],
      [46, 34],
      [46, 22],
      [70, 22],
      [70, 30],
      [94, 30],
    ],
    limit: [
      [2, 14],
      [20, 14],
      [20, 22],
      [46, 22],
      [46, 12],
      [70, 12],
      [70, 20],
      [94, 20],
    ],
    acts: [],
  },
};

/** Says nothing that the sentence beside it does not: hidden from those who hear the page. */
export function TypePicture({ type, side }: { type: OrderType; side: Side }) {
  const { price, limit, trigger, acts } = PICTURES[type];
  const place = ([x, y]: Point): Point => [x, side === "BUY" ? HEIGHT - y : y];
  const points = (line: readonly Point[]) => line.map((point) => place(point).join(",")).join(" ");
  return (
    <svg
      className={classes.picture}
      data-side={side}
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      width={WIDTH}
      height={HEIGHT}
      aria-hidden="true"
      focusable="false"
    >
      {trigger && <polyline className={classes.trigger} points={points(trigger)} />}
      {limit && <polyline className={classes.limit} points={points(limit)} />}
      <polyline className={classes.price} points={points(price)} />
      {acts.map((point) => {
        const [x, y] = place(point);
        return <circle key={`${x} ${y}`} className={classes.acts} cx={x} cy={y} r={3.5} />;
      })}
    </svg>
  );
}
