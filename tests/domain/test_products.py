from domain.products import COMPONENT_OF, COUNTED_BY_DEFAULT, Component, ProductClass


def classes_of(component: Component) -> set[str]:
    return {name.value for name, part in COMPONENT_OF.items() if part is component}


def test_every_class_belongs_to_one_component() -> None:
    assert COMPONENT_OF.keys() == set(ProductClass)
    assert classes_of(Component.DEPOSITS) == {
        *("DEMAND_DEPOSIT", "TERM_DEPOSIT", "STRUCTURED_DEPOSIT"),
    }
    assert classes_of(Component.SETTLEMENT_FUNDS) == {"SETTLEMENT_FUNDS"}


def test_all_classes_count_by_default_but_insurance() -> None:
    assert set(ProductClass) - COUNTED_BY_DEFAULT == {ProductClass.INSURANCE}


def test_a_loan_is_no_product_class() -> None:
    assert not any("LOAN" in name for name in ProductClass)
