//! Owns how the interface is built: hashed files under dist/assets, no inline scripts, so that the
//! server can send a strict content security policy; the preview sends that same policy.
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

const CONTENT_SECURITY_POLICY = [
  "default-src 'self'",
  // Mantine writes its theme variables into a style element at run time.
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "connect-src 'self' ws: wss:",
  "frame-ancestors 'none'",
  "base-uri 'none'",
].join("; ");

const SERVER = "http://127.0.0.1:8080";

export default defineConfig({
  plugins: [react()],
  build: {
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    sourcemap: false,
  },
  server: {
    proxy: {
      "/api": SERVER,
      "/ws": { target: SERVER, ws: true },
    },
  },
  preview: {
    headers: { "Content-Security-Policy": CONTENT_SECURITY_POLICY },
    proxy: {
      "/api": SERVER,
      "/ws": { target: SERVER, ws: true },
    },
  },
  test: {
    environment: "jsdom",
    setupFiles: ["src/mocks/testSetup.ts"],
    include: ["src/**/*.test.{ts,tsx}"],
    // Patience, not a measure: a whole ticket looked through by axe takes a second, and more beside a compiler.
    testTimeout: 30_000,
  },
});
