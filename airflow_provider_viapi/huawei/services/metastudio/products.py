"""Products that avatars sell on air."""

from __future__ import annotations

from airflow_provider_viapi.huawei.services.metastudio.service import (
    CREATED_FILTERS,
    PAGE,
    SORT,
    action,
    choice,
    flag,
    names,
    structure,
    structures,
    text,
    texts,
)

PRODUCT = (
    text("name", "Name of the product.", required=True),
    text("description", "Description of the product."),
    texts("tags", "Tags.", max_items=50),
    structure("cover", "Cover image of the product."),
    structures("text_list", "Texts about the product."),
    structures("asset_list", "Pictures and videos of the product."),
)

CREATE_PRODUCT = action(
    name="CreateProduct",
    summary="Create a product.",
    method="POST",
    path="/v1/{project_id}/products",
    in_body=(*PRODUCT, flag("auto_active", "Activate the product immediately.")),
    response_fields=("product_id",),
)

LIST_PRODUCTS = action(
    name="ListProducts",
    summary="List products.",
    method="GET",
    path="/v1/{project_id}/products",
    in_query=(
        *PAGE,
        *SORT,
        *CREATED_FILTERS,
        text("name", "Name of the product."),
        text("tag", "Tag of the products."),
        text("state", "State."),
    ),
    response_fields=names("count products"),
)

SHOW_PRODUCT = action(
    name="ShowProduct",
    summary="Return a product.",
    method="GET",
    path="/v1/{project_id}/products/{product_id}",
    in_path=(text("product_id", "Id of the product.", required=True),),
    response_fields=names(
        "product_id name description tags cover text_list asset_list create_time update_time state"
    ),
)

UPDATE_PRODUCT = action(
    name="UpdateProduct",
    summary="Change a product.",
    method="PUT",
    path="/v1/{project_id}/products/{product_id}",
    in_path=(text("product_id", "Id of the product.", required=True),),
    in_body=(*PRODUCT, choice("state", ("ACTIVED", "UNACTIVED"), "State.")),
)

DELETE_PRODUCT = action(
    name="DeleteProduct",
    summary="Delete a product.",
    method="DELETE",
    path="/v1/{project_id}/products/{product_id}",
    in_path=(text("product_id", "Id of the product.", required=True),),
)

SET_PRODUCT_ASSET = action(
    name="SetProductAsset",
    summary="Add an image, a video or a text to a product, or remove it.",
    method="POST",
    path="/v1/{project_id}/products/{product_id}/assets",
    in_path=(text("product_id", "Id of the product.", required=True),),
    in_body=(
        structure("asset_item", "Picture or video of the product."),
        structure("text_item", "Text about the product."),
        choice("action", ("LINK", "UNLINK"), "Command to execute."),
    ),
)
