# %%
import duckdb

con = duckdb.connect()

# %%
con.execute("create table passenger as select * from read_csv('passengers.csv')")
con.execute("alter table passenger add column child boolean")

# %%
con.execute("update passenger set child = coalesce(age < 16, false)")

# %%
con.execute("delete from passenger where fare > 150")

# %%
con.sql("select child, sex, count(*) as n, round(avg(survived), 4) as rate from passenger group by all order by child, sex").df()

# %%
con.sql("select deck, round(avg(fare), 3) as fare, max(fare) as dearest from passenger group by deck order by deck").show()

# %%
con.close()

# %% fault: order or hidden state 3
assert "delete from" in cells[3]
del cells[3]
