//! Owns the start of the page.

import "./app/mantineStyles";
import "./app/styles.css";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./app/App";

async function start(): Promise<void> {
  if (import.meta.env.MODE === "mocks") (await import("./mocks/browser")).startFake();
  const place = document.getElementById("root");
  if (place === null) throw new Error("index.html has no element with the id root");
  createRoot(place).render(
    <StrictMode>
      <App />
    </StrictMode>,
  );
}

void start();
