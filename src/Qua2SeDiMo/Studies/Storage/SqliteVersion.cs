using Microsoft.Data.Sqlite;

namespace Qua2SeDiMo.Studies.Storage;

/// <summary>Which SQLite is loaded.</summary>
internal static class SqliteVersion
{
    /// <summary>For instance <c>3.50.4</c>; reading it loads the native library.</summary>
    public static string Text
    {
        get
        {
            using var connection = new SqliteConnection("Data Source=:memory:");
            connection.Open();
            return connection.ServerVersion;
        }
    }
}
