-- An account is updated with every balance, and each update looks at all checks of its table again,
-- whatever it changes. A domain is looked at when a value comes.
create domain terrace.currency_code as text check (value ~ '^[A-Z]{3}$');
create domain terrace.product_class as text check (value in (
    'DEMAND_DEPOSIT', 'TERM_DEPOSIT', 'STRUCTURED_DEPOSIT', 'CERTIFICATE_BOND', 'SAVINGS_BOND',
    'TREASURY_BOND', 'WEALTH_PRODUCT', 'FUND', 'GOLD', 'INSURANCE', 'SETTLEMENT_FUNDS'));
alter table terrace.account
    drop constraint account_currency_check,
    drop constraint account_product_class_check,
    alter column currency type terrace.currency_code,
    alter column product_class type terrace.product_class;

-- A claim of a dirty customer is held to its end, so that a mark made meanwhile needs no number.
alter table terrace.dirty drop column version;
