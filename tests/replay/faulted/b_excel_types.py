# %%
from openpyxl import load_workbook
import pandas as pd

# %%
book = load_workbook("houses.xlsx", read_only=True, data_only=True)
sheet = book.worksheets[0]
header, *body = sheet.iter_rows(values_only=True)
print(sheet.title, header, len(body))

# %%
houses = pd.DataFrame(body, columns=header)
houses["price"] = pd.to_numeric(houses["price"], errors="coerce")
houses.dtypes

# %%
report = houses.groupby("region").agg(n=("price", "size"), price=("price", "mean"), area=("area", "sum")).round(3)
report

# %%
with pd.ExcelWriter("report.xlsx", engine="openpyxl") as writer:
    report.to_excel(writer, sheet_name="regions")
    houses.nlargest(5, "price").to_excel(writer, sheet_name="dearest", index=False)
pd.read_excel("report.xlsx", sheet_name="dearest")

# %% fault: data 1
from openpyxl import load_workbook

book = load_workbook(folder / "houses.xlsx")
book.worksheets[0]["D20"] = "on request"
book.save(folder / "houses.xlsx")
