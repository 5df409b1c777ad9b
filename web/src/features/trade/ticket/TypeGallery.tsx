//! Owns every order type side by side, for a person who does not know them all: a picture, a name and one sentence each.

import { Modal } from "@mantine/core";
import type { OrderType, Side } from "../../../api/types";
import { TYPE_NAMES } from "../orderNames";
import { ORDER_TYPES } from "../orderRules";
import classes from "./TypeGallery.module.css";
import { TypePicture } from "./TypePicture";

interface TypeGalleryProps {
  side: Side;
  chosen: OrderType;
  onType: (type: OrderType) => void;
  onClose: () => void;
}

export function TypeGallery({ side, chosen, onType, onClose }: TypeGalleryProps) {
  const verb = side === "BUY" ? "buy" : "sell";
  return (
    <Modal opened onClose={onClose} title={`Ways to ${verb}`} size="lg">
      <p className={classes.key}>
        The grey line is the price. A dashed line sets the order off, a solid one is where it waits in view,
        and the dot is where it trades.
      </p>
      <ul className={classes.types}>
        {ORDER_TYPES.map((type) => (
          <li key={type}>
            <button
              type="button"
              className={classes.type}
              aria-pressed={type === chosen}
              data-autofocus={type === chosen ? true : undefined}
              onClick={() => onType(type)}
            >
              <TypePicture type={type} side={side} />
              <span>
                <strong>{TYPE_NAMES[type].label}</strong>
                <span className={classes.meaning}>{TYPE_NAMES[type].meaning}</span>
              </span>
            </button>
          </li>
        ))}
      </ul>
    </Modal>
  );
}
