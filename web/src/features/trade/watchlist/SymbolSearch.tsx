//! Owns the search for a symbol by ticker or name.

import { Combobox, Kbd, TextInput, useCombobox } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { IconSearch } from "@tabler/icons-react";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { type RefObject, useState } from "react";
import { searchInstruments } from "../../../api/market";
import { messageOf } from "../../../api/problem";
import classes from "./Watchlist.module.css";

const SHOWN_MAX = 12;

interface SymbolSearchProps {
  inputRef: RefObject<HTMLInputElement | null>;
  onChoose: (symbol: string) => void;
}

export function SymbolSearch({ inputRef, onChoose }: SymbolSearchProps) {
  const [text, setText] = useState("");
  const [wanted] = useDebouncedValue(text.trim(), 120);
  const combobox = useCombobox({ onDropdownClose: () => combobox.resetSelectedOption() });
  const found = useQuery({
    queryKey: ["search", wanted],
    queryFn: ({ signal }) => searchInstruments(wanted, SHOWN_MAX, signal),
    enabled: wanted !== "",
    placeholderData: keepPreviousData,
  });
  const options = wanted === "" ? [] : (found.data ?? []);

  function choose(symbol: string): void {
    onChoose(symbol);
    setText("");
    combobox.closeDropdown();
    inputRef.current?.blur();
  }

  return (
    <Combobox store={combobox} onOptionSubmit={choose} withinPortal width={320} position="bottom-start">
      <Combobox.Target>
        <TextInput
          ref={inputRef}
          size="xs"
          aria-label="Search symbols"
          placeholder="Symbol or name"
          leftSection={<IconSearch size={14} aria-hidden />}
          rightSection={<Kbd size="xs">/</Kbd>}
          spellCheck={false}
          autoComplete="off"
          value={text}
          onChange={(event) => {
            setText(event.currentTarget.value);
            combobox.openDropdown();
            combobox.selectFirstOption();
          }}
          onFocus={() => combobox.openDropdown()}
          onBlur={() => combobox.closeDropdown()}
          onKeyDown={(event) => {
            if (event.key === "Escape") {
              setText("");
              event.currentTarget.blur();
            }
            const [first] = options;
            if (event.key === "Enter" && first !== undefined && combobox.getSelectedOptionIndex() === -1) {
              event.preventDefault();
              choose(first.symbol);
            }
          }}
        />
      </Combobox.Target>
      <Combobox.Dropdown hidden={wanted === ""}>
        <Combobox.Options aria-label="Instruments" mah={360} style={{ overflowY: "auto" }}>
          {options.map((instrument) => (
            <Combobox.Option
              key={instrument.symbol}
              value={instrument.symbol}
              className={classes.option ?? ""}
            >
              <strong>{instrument.symbol}</strong>
              <span>{instrument.name}</span>
              <small className="quiet">{instrument.exchange}</small>
            </Combobox.Option>
          ))}
          {options.length === 0 && (
            <Combobox.Empty>
              {found.isError
                ? messageOf(found.error)
                : found.isFetching
                  ? "Searching…"
                  : "Nothing has that symbol or name."}
            </Combobox.Empty>
          )}
        </Combobox.Options>
      </Combobox.Dropdown>
    </Combobox>
  );
}
