//! Owns the bar on top: which portfolio, what it is worth now, the market's clock, the connection, theme and sign-out.

import {
  ActionIcon,
  Menu,
  Tooltip,
  UnstyledButton,
  useComputedColorScheme,
  useMantineColorScheme,
} from "@mantine/core";
import { IconChevronDown, IconKeyboard, IconLogout, IconMoon, IconSun } from "@tabler/icons-react";
import type { Portfolio } from "../../../api/types";
import { signOut } from "../../../api/users";
import { decimalOrZero } from "../../../decimal";
import { directionOf, formatMoney, formatSignedMoney } from "../../../format";
import { forgetDraft } from "../../../store/draft";
import type { Ledger } from "../../../store/fold";
import { live } from "../../../store/live";
import { useTrading } from "../../../store/trading";
import { useMarks } from "../../../store/useQuote";
import { equityOf, unrealizedOf } from "../../../store/valuation";
import { positionsOf } from "../data";
import { ConnectionBadge } from "./ConnectionBadge";
import { MarketClock } from "./MarketClock";
import classes from "./TopBar.module.css";
import { useDayPnl } from "./useDayPnl";

export function TopBar({ onHelp }: { onHelp: () => void }) {
  const { portfolios, portfolioId, ledger } = useTrading();
  const shown = ledger?.portfolio ?? portfolios.find((portfolio) => portfolio.id === portfolioId);
  return (
    <header className={classes.bar}>
      <img src="/favicon.svg" alt="Papertape" width={24} height={24} />
      <PortfolioSwitcher portfolios={portfolios} shown={shown} />
      {ledger === undefined ? <div className={classes.figures} /> : <Figures ledger={ledger} />}
      <div className={classes.state}>
        <MarketClock />
        <ConnectionBadge />
      </div>
      <div className={classes.actions}>
        <Tooltip label="Help and keys (?)">
          <ActionIcon
            variant="subtle"
            color="gray"
            aria-label="Help"
            onClick={onHelp}
            className={classes.help ?? ""}
          >
            <IconKeyboard size={18} aria-hidden />
          </ActionIcon>
        </Tooltip>
        <ThemeToggle />
        <Tooltip label="Sign out">
          <ActionIcon variant="subtle" color="gray" aria-label="Sign out" onClick={leave}>
            <IconLogout size={18} aria-hidden />
          </ActionIcon>
        </Tooltip>
      </div>
    </header>
  );
}

function PortfolioSwitcher({
  portfolios,
  shown,
}: {
  portfolios: readonly Portfolio[];
  shown: Portfolio | undefined;
}) {
  return (
    <Menu position="bottom-start" width={260}>
      <Menu.Target>
        <UnstyledButton
          className={classes.switcher ?? ""}
          aria-label={`Portfolio: ${shown?.name ?? "loading"}`}
        >
          <span>{shown?.name ?? "Loading…"}</span>
          <IconChevronDown size={14} aria-hidden />
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>Portfolios</Menu.Label>
        {portfolios.map((portfolio) => (
          <Menu.Item
            key={portfolio.id}
            onClick={() => live.choose(portfolio.id)}
            rightSection={<span className="quiet">{formatMoney(portfolio.equity)}</span>}
          >
            {portfolio.name}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}

function Figures({ ledger }: { ledger: Ledger }) {
  const positions = positionsOf(ledger);
  const marks = useMarks(positions.map((position) => position.symbol));
  const dayPnl = useDayPnl(ledger);
  const unrealized = unrealizedOf(positions, marks);
  const equity = equityOf(decimalOrZero(ledger.portfolio.cash), positions, marks);
  return (
    <dl className={classes.figures}>
      <Figure name="Equity" text={formatMoney(equity)} />
      <Figure name="Day P/L" text={formatSignedMoney(dayPnl)} tone={directionOf(dayPnl)} />
      <Figure name="Open P/L" text={formatSignedMoney(unrealized)} tone={directionOf(unrealized)} minor />
      <Figure name="Buying power" text={formatMoney(ledger.portfolio.buying_power)} />
    </dl>
  );
}

function Figure({
  name,
  text,
  tone = "",
  minor = false,
}: {
  name: string;
  text: string;
  tone?: string;
  minor?: boolean;
}) {
  return (
    <div data-minor={minor}>
      <dt>{name}</dt>
      <dd className={tone === "flat" ? "" : tone}>{text}</dd>
    </div>
  );
}

function leave(): void {
  forgetDraft();
  signOut();
}

function ThemeToggle() {
  const { setColorScheme } = useMantineColorScheme();
  const dark = useComputedColorScheme("light") === "dark";
  const label = dark ? "Light theme" : "Dark theme";
  return (
    <Tooltip label={label}>
      <ActionIcon
        variant="subtle"
        color="gray"
        aria-label={label}
        onClick={() => setColorScheme(dark ? "light" : "dark")}
      >
        {dark ? <IconSun size={18} aria-hidden /> : <IconMoon size={18} aria-hidden />}
      </ActionIcon>
    </Tooltip>
  );
}
